-- Lets a room give numbers up to one that Postgres has reserved.
-- KEYS[1] room
-- ARGV[1] run id, ARGV[2] highest number that may be given
if redis.call('HGET', KEYS[1], 'run_id') ~= identity(ARGV[1]) then return end
if tonumber(redis.call('HGET', KEYS[1], 'reserved')) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'reserved', ARGV[2])
end
