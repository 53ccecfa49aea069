-- Reads the uses left of a bucket.
-- KEYS[1] bucket
-- ARGV[1] run id
-- Returns the number, or nil where there is no valid bucket
local bucket = redis.call('HMGET', KEYS[1], 'run_id', 'left')
if bucket[1] ~= identity(ARGV[1]) then return nil end
return bucket[2]
