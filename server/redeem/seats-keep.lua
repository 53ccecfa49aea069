-- Keeps a count of free seats, but only over the mark that its reader left before it asked Postgres.
-- KEYS: the group's seats
-- ARGV: the reader's mark, the count, how long it is kept (ms)
-- Returns 1 when it was kept, 0 when the mark is gone.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
