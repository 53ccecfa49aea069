-- Lets a request of one client through and remembers when, or says which of its limits is reached.
-- A log, not two counters: it holds the time of every request that was let through, so in no span of a window's length
-- are there more of them than allowed, wherever the span begins. Counters would estimate that by assuming that the last
-- window's requests came evenly. The log costs a few bytes per request of a client and never holds more than the limit.
-- What is refused is not remembered: whoever keeps trying is let through as soon as the oldest request is a window old.
-- KEYS[1] requests  list: Redis's time (ms) of each request that was let through, oldest first
-- KEYS[2] failures  sorted set: failed tries (written by sliding-window-record.lua) by Redis's time (ms)
-- ARGV[1] window (ms), ARGV[2] requests per window, ARGV[3] failed tries per window; 0 = no such limit
-- Returns {answer, requests counted, ms until the oldest of them is forgotten, failures counted, ms until the same}
-- answer: pass | too_many_requests | too_many_tries
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, most_requests, most_failures = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
while oldest <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = tonumber(redis.call('LINDEX', KEYS[1], 0) or now)
end
local requests = redis.call('LLEN', KEYS[1])
local requests_reset = requests > 0 and oldest + window - now or 0

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - window)
local failures = redis.call('ZCARD', KEYS[2])
local failures_reset = failures > 0 and tonumber(redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]) + window - now or 0

local answer = 'pass'
if most_failures > 0 and failures >= most_failures then
  answer = 'too_many_tries'
elseif most_requests > 0 and requests >= most_requests then
  answer = 'too_many_requests'
elseif most_requests > 0 then
  requests = redis.call('RPUSH', KEYS[1], now)
  redis.call('PEXPIRE', KEYS[1], window)
  if requests == 1 then requests_reset = window end
end
return {answer, requests, requests_reset, failures, failures_reset}
