-- Gives a refunded use back, once: only while this person still maps to this redemption. A personal code is bound to
-- nobody again.
-- KEYS[1] bucket, KEYS[2] holders
-- ARGV[1] run id, ARGV[2] redemption id, ARGV[3] email
-- Returns 'given_back' | 'not_held' | 'uninitialised'
if redis.call('HGET', KEYS[1], 'run_id') ~= identity(ARGV[1]) then return 'uninitialised' end
if redis.call('HGET', KEYS[2], ARGV[3]) ~= ARGV[2] then return 'not_held' end
redis.call('HDEL', KEYS[2], ARGV[3])
redis.call('HINCRBY', KEYS[1], 'left', 1)
redis.call('HSET', KEYS[1], 'bound', '')
return 'given_back'
