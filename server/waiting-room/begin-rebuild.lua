-- Starts to rebuild a room, unless it is whole or somebody else rebuilds it. From here until the end of the rebuild
-- nobody gets a number, so its stream gets no more people.
-- KEYS[1] room, KEYS[2] seq, KEYS[3] users, KEYS[4] sessions, KEYS[5] rebuild lock
-- ARGV[1] run id, ARGV[2] token of this rebuild, ARGV[3] lifetime of the lock in ms
-- Returns 'whole' | 'locked' | 'begun'
if is_whole(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]) then return 'whole' end
if not redis.call('SET', KEYS[5], ARGV[2], 'NX', 'PX', ARGV[3]) then return 'locked' end
redis.call('DEL', KEYS[1])
return 'begun'
