-- Throws a bucket away, together with a rebuild that may be under way: it may have read the code before it changed,
-- and without its lock it cannot finish. Whoever wants a use next begins a rebuild of their own.
-- KEYS[1] bucket, KEYS[2] rebuild lock
-- Returns how many of the two there were
return redis.call('DEL', KEYS[1], KEYS[2])
