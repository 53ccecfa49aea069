-- Claims an idempotency key for a redemption; one that was claimed before stays as it is.
-- KEYS[1] key  hash: fingerprint, redemption
-- ARGV[1] fingerprint of the request, ARGV[2] redemption id, ARGV[3] lifetime in seconds
-- Returns {fingerprint, redemption id} of the first claim
if redis.call('HSETNX', KEYS[1], 'fingerprint', ARGV[1]) == 1 then
  redis.call('HSET', KEYS[1], 'redemption', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'fingerprint', 'redemption')
