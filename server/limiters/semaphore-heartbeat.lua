-- Says that a process lives, and admits whoever waits behind holders that died.
-- ARGV[4] process id, ARGV[5] ms until it counts as dead
-- Returns the number of waiters
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[5]), ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
admit()
return redis.call('ZCARD', KEYS[2])
