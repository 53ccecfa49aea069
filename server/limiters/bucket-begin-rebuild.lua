-- Starts to rebuild a bucket, unless it is fine or somebody else rebuilds it. From here until the end of the rebuild
-- no use of this code can be taken, so its entries in the stream can only become fewer.
-- KEYS[1] bucket, KEYS[2] rebuild lock, KEYS[3] stream
-- ARGV[1] run id, ARGV[2] token of this rebuild (its epoch), ARGV[3] lifetime of the lock in ms
-- Returns {'ready'} | {'locked'} | {'begun', id of the last stream entry or ''}
if redis.call('HGET', KEYS[1], 'run_id') == identity(ARGV[1]) then return {'ready'} end
if not redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return {'locked'} end
redis.call('DEL', KEYS[1])
local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
return {'begun', last and last[1] or ''}
