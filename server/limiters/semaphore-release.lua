-- Gives a place back or leaves the line, and admits whoever is next.
-- ARGV[4] token
-- Returns {token, granted, ...}: who was admitted of the process that asks
if redis.call('ZREM', KEYS[1], ARGV[4]) == 0 then
  redis.call('ZREM', KEYS[2], ARGV[4])
  return {}
end
if redis.call('ZCARD', KEYS[2]) == 0 then return {} end
local _, own = admit(clock(), process_of(ARGV[4]))
return own
