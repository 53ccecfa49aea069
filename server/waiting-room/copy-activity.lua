-- Puts a copy of an activity's row in front of Postgres, unless a newer one is there.
-- KEYS[1] activity  hash: version (time of the change in µs) and the row's fields
-- ARGV[1] version, ARGV[2] lifetime in ms, ARGV[3…] names and values of the fields in turn
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) > tonumber(ARGV[1]) then return end
redis.call('HSET', KEYS[1], 'version', ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
