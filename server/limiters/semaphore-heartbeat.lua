-- Says that a process lives, admits whoever waits behind holders that died, and tells the process which places it has:
-- a message may have been lost.
-- ARGV[4] process id, ARGV[5] ms until it counts as dead
-- Returns {token, granted, token, granted, …} of this process
local now = clock()
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[5]), ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
free_dead_holders(now)
admit(count_free(), now, ARGV[4])
local places = {}
local holders = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for index = 1, #holders, 2 do
  if process_of(holders[index]) == ARGV[4] then
    table.insert(places, holders[index])
    table.insert(places, tonumber(holders[index + 1]) - lease)
  end
end
return places
