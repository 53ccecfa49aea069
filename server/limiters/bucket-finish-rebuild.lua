-- Writes a rebuilt bucket, only if this rebuild still holds the lock and nobody initialised the bucket meanwhile.
-- KEYS[1] bucket, KEYS[2] rebuild lock, KEYS[3] holders, KEYS[4] holders as collected by this rebuild (may be missing)
-- ARGV[1] run id, ARGV[2] token, ARGV[3] state (active | inactive | unknown), ARGV[4] uses left,
-- ARGV[5] valid until in ms or '', ARGV[6] refill per second or '', ARGV[7] kind, ARGV[8] email that it is bound to or '',
-- ARGV[9] activity or '', ARGV[10] lifetime of the bucket in ms or ''
-- Returns 1 when written, 0 when not
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[3])
if redis.call('EXISTS', KEYS[4]) == 1 then
  redis.call('PERSIST', KEYS[4])
  redis.call('RENAME', KEYS[4], KEYS[3])
end
redis.call('HSET', KEYS[1], 'run_id', identity(ARGV[1]), 'state', ARGV[3], 'left', ARGV[4], 'valid_until', ARGV[5],
  'refill', ARGV[6], 'kind', ARGV[7], 'bound', ARGV[8], 'activity', ARGV[9])
if ARGV[10] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[10]) end
return 1
