-- Remembers a failed try of one client.
-- KEYS[1] failures  list: Redis's time (ms) of each failed try, oldest first
-- ARGV[1] window (ms), ARGV[2] failed tries per window: older ones than the last so many decide nothing
-- Returns nothing
local time = redis.call('TIME')
redis.call('RPUSH', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[2]), -1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
