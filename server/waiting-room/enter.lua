-- One person enters a waiting room: gets the next number, or the number that this user has already.
-- A repeat changes nothing and is neither throttled nor bound to opening hours.
-- KEYS[1] room, KEYS[2] seq, KEYS[3] users, KEYS[4] sessions, KEYS[5] entries, KEYS[6] activity, KEYS[7] throttle
-- ARGV[1] run id, ARGV[2] user hash, ARGV[3] session id for a new person, ARGV[4] IP hash, ARGV[5] fingerprint or '',
-- ARGV[6] enters per window and IP hash, ARGV[7] window in ms
-- Returns {'entered' | 'known', session id, seq} | {'closed', seconds until it opens or ''} | {'throttled', seconds} |
-- {'uninitialised'} | {'no_copy'} (of the activity) | {'exhausted', seq} (more numbers must be reserved first)
if not is_whole(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]) then return {'uninitialised'} end
local known = redis.call('HGET', KEYS[3], ARGV[2])
if known then
  local session, seq = string.match(known, '^(.*):(%d+)$')
  return {'known', session, seq}
end

local row = redis.call('HMGET', KEYS[6], 'status', 'start_at', 'end_at')
if not row[1] then return {'no_copy'} end
local now_us = time_us()
local start_us, end_us = tonumber(row[2]), tonumber(row[3])
if row[1] ~= 'open' or (end_us and now_us >= end_us) then return {'closed', ''} end
if start_us and now_us < start_us then return {'closed', tostring(math.ceil((start_us - now_us) / 1000000))} end

local now_ms = math.floor(now_us / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[7], '-inf', now_ms - tonumber(ARGV[7]))
if redis.call('ZCARD', KEYS[7]) >= tonumber(ARGV[6]) then
  local oldest = redis.call('ZRANGE', KEYS[7], 0, 0, 'WITHSCORES')[2]
  return {'throttled', tostring(math.ceil((tonumber(oldest) + tonumber(ARGV[7]) - now_ms) / 1000))}
end

local last = redis.call('GET', KEYS[2])
if tonumber(last) >= tonumber(redis.call('HGET', KEYS[1], 'reserved')) then return {'exhausted', last} end
local seq = string.format('%.0f', redis.call('INCR', KEYS[2]))
-- Numbers may have gaps after Redis lost people; the place in line has none.
local place = redis.call('HINCRBY', KEYS[1], 'people', 1)
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3] .. ':' .. seq)
redis.call('HSET', KEYS[4], ARGV[3], seq .. ':' .. string.format('%.0f', place))
redis.call('ZADD', KEYS[7], now_ms, seq)
redis.call('PEXPIRE', KEYS[7], ARGV[7])
redis.call('XADD', KEYS[5], '*', 'kind', 'enter', 'user', ARGV[2], 'session', ARGV[3], 'seq', seq, 'ip', ARGV[4],
  'fingerprint', ARGV[5])
return {'entered', ARGV[3], seq}
