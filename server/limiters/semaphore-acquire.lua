-- Takes a place or stands in line.
-- ARGV[4] token (process id ":" number), ARGV[5] longest line, ARGV[6] '1' when it may hold a place or wait already
-- Returns {answer, now, granted}: answer 1 = has a place since `granted`, 0 = waits, -1 = the line is full
local token, most = ARGV[4], tonumber(ARGV[5])
local now = clock()
if ARGV[6] == '1' then
  local ends = redis.call('ZSCORE', KEYS[1], token)
  if ends and tonumber(ends) > now then return {1, now, tonumber(ends) - lease} end
  if redis.call('ZSCORE', KEYS[2], token) then return {0, now, 0} end
end
local free = limit - redis.call('ZCARD', KEYS[1])
local waiting = redis.call('ZCARD', KEYS[2])
-- Dead holders only matter when there is no place, and a line in front of a free place only behind dead ones.
if free <= 0 then free = free + free_dead_holders(now) end
if free > 0 and waiting > 0 then
  free = admit(now)
  waiting = redis.call('ZCARD', KEYS[2])
end
if free > 0 then
  redis.call('ZADD', KEYS[1], now + lease, token)
  return {1, now, now}
end
if waiting >= most then return {-1, now, 0} end
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), token)
return {0, now, 0}
