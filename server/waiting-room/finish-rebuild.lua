-- Opens a rebuilt room, only if this rebuild still holds the lock and nobody else opened the room meanwhile.
-- KEYS[1] room, KEYS[2] seq, KEYS[3] users, KEYS[4] sessions, KEYS[5] rebuild lock,
-- KEYS[6] users and KEYS[7] sessions as collected by this rebuild (missing when there are none)
-- ARGV[1] run id, ARGV[2] token, ARGV[3] highest number that may have been given, ARGV[4] number that may be given now,
-- ARGV[5] people
-- Returns 1 when opened, 0 when not
if redis.call('GET', KEYS[5]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[5])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[3], KEYS[4])
if tonumber(ARGV[5]) > 0 then
  redis.call('PERSIST', KEYS[6])
  redis.call('PERSIST', KEYS[7])
  redis.call('RENAME', KEYS[6], KEYS[3])
  redis.call('RENAME', KEYS[7], KEYS[4])
end
redis.call('SET', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'run_id', identity(ARGV[1]), 'people', ARGV[5], 'reserved', ARGV[4])
return 1
