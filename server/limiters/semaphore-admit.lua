-- Shared by the semaphore's scripts.
-- KEYS[1] holders  sorted set: token -> end of its lease, ms of Redis's clock
-- KEYS[2] line     sorted set: token -> arrival number
-- KEYS[3] arrivals counter
-- KEYS[4] processes sorted set: process id -> alive until, ms of Redis's clock
-- ARGV[1] limit, ARGV[2] lease in ms, ARGV[3] prefix of the channels on which processes hear that they were admitted
local limit, lease, channels = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Frees the places of dead holders, then gives free places to the head of the line. Waiters of dead processes are
-- dropped: a place given to them would lie idle for a whole lease. Returns how many places are left.
local function admit(now)
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  local free = limit - redis.call('ZCARD', KEYS[1])
  while free > 0 do
    local head = redis.call('ZPOPMIN', KEYS[2])
    local token = head[1]
    if not token then break end
    local process = string.match(token, '^[^:]+')
    local alive = tonumber(redis.call('ZSCORE', KEYS[4], process) or 0)
    if alive > now then
      redis.call('ZADD', KEYS[1], now + lease, token)
      redis.call('PUBLISH', channels .. process, token .. ' ' .. now)
      free = free - 1
    end
  end
  return free
end
