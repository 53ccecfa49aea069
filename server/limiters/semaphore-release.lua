-- Gives a place back or leaves the line, and admits whoever is next.
-- ARGV[4] token
-- Returns 1 when the token held a place, 0 when it did not (any more)
local held = redis.call('ZREM', KEYS[1], ARGV[4])
if held == 0 then redis.call('ZREM', KEYS[2], ARGV[4]) end
if held == 1 and redis.call('ZCARD', KEYS[2]) > 0 then admit(clock()) end
return held
