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

local function process_of(token)
  return string.match(token, '^[^:]+')
end

-- Gives free places to the head of the line. Waiters of dead processes are dropped: a place given to them would lie
-- idle for a whole lease. The calling process, if it is named, lives, and is told by the script's answer.
-- Returns how many places are left, and {token, granted, token, granted, ...} of the calling process.
local function admit(now, caller)
  local free, own = limit - redis.call('ZCARD', KEYS[1]), {}
  while free > 0 do
    local token = redis.call('ZPOPMIN', KEYS[2])[1]
    if not token then break end
    local process = process_of(token)
    if process == caller then
      redis.call('ZADD', KEYS[1], now + lease, token)
      table.insert(own, token)
      table.insert(own, now)
      free = free - 1
    elseif tonumber(redis.call('ZSCORE', KEYS[4], process) or 0) > now then
      redis.call('ZADD', KEYS[1], now + lease, token)
      redis.call('PUBLISH', channels .. process, token .. ' ' .. now)
      free = free - 1
    end
  end
  return free, own
end

local function free_dead_holders(now)
  return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
end
