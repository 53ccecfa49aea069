-- Says which mode serves from now on. Entering another mode makes every bucket invalid: the other modes take uses
-- behind the buckets' backs.
-- KEYS[1] mode  hash: name, generation
-- ARGV[1] name of the mode
-- Returns the generation, a part of every valid bucket's identity
if redis.call('HGET', KEYS[1], 'name') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'name', ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'generation', 1)
end
return redis.call('HGET', KEYS[1], 'generation')
