-- Where a person stands in line.
-- KEYS[1] room, KEYS[2] seq, KEYS[3] users, KEYS[4] sessions, KEYS[5] activity
-- ARGV[1] run id, ARGV[2] session id
-- Returns {'found', seq, place, how many were released, rate per second or '' while nobody is released, time in ms} |
-- {'unknown'} (session) | {'uninitialised'} | {'no_copy'}
if not is_whole(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]) then return {'uninitialised'} end
local now_us = time_us()
local released = allowed(KEYS[5], now_us)
if not released then return {'no_copy'} end
local known = redis.call('HGET', KEYS[4], ARGV[2])
if not known then return {'unknown'} end
local seq, place = string.match(known, '^(%d+):(%d+)$')
local row = redis.call('HMGET', KEYS[5], 'status', 'release_per_second')
return {
  'found',
  seq,
  place,
  string.format('%.0f', math.min(released, tonumber(redis.call('HGET', KEYS[1], 'people')))),
  row[1] == 'open' and row[2] or '',
  string.format('%.0f', math.floor(now_us / 1000)),
}
