-- Takes a place or stands in line. The same token again gets the same answer.
-- ARGV[4] token (process id ":" number), ARGV[5] longest line
-- Returns {answer, now, granted}: answer 1 = has a place since `granted`, 0 = waits, -1 = the line is full
local token, most = ARGV[4], tonumber(ARGV[5])
local ends = redis.call('ZSCORE', KEYS[1], token)
if ends and tonumber(ends) > now then return {1, now, tonumber(ends) - lease} end
if redis.call('ZSCORE', KEYS[2], token) then return {0, now, 0} end
local free = admit()
if free > 0 then
  redis.call('ZADD', KEYS[1], now + lease, token)
  return {1, now, now}
end
if redis.call('ZCARD', KEYS[2]) >= most then return {-1, now, 0} end
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), token)
return {0, now, 0}
