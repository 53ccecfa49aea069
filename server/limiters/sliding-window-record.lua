-- Remembers a failed try of one client; the same one again is no other.
-- KEYS[1] failures  sorted set: failed tries by Redis's time (ms)
-- ARGV[1] window (ms), ARGV[2] failed tries per window: older ones than the last so many decide nothing, ARGV[3] which one
-- Returns nothing
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -tonumber(ARGV[2]) - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
