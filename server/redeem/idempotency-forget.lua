-- What came of a claimed key is another redemption, or none: the key points there, or is forgotten.
-- KEYS[1] key  hash: fingerprint, redemption
-- ARGV[1] redemption id that it was claimed for, ARGV[2] the redemption that the person has, or ''
if redis.call('HGET', KEYS[1], 'redemption') ~= ARGV[1] then return end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('HSET', KEYS[1], 'redemption', ARGV[2]) end
