-- Shared by the semaphore's scripts.
-- KEYS[1] holders  sorted set: token -> end of its lease, ms of Redis's clock
-- KEYS[2] line     sorted set: token -> arrival number
-- KEYS[3] arrivals counter
-- KEYS[4] processes sorted set: process id -> alive until, ms of Redis's clock
-- ARGV[1] limit, ARGV[2] lease in ms, ARGV[3] prefix of the channels on which processes hear that they were admitted
-- Between two scripts somebody waits only where no place is free. Another limit alone can break this, until the next
-- heartbeat of a process that has it.
local limit, lease, channels = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
-- Lua hands over some thousand values at once, not more.
local AT_ONCE = 500

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function process_of(token)
  return string.match(token, '^[^:]+')
end

local function hold(tokens, now)
  local entries = {}
  for _, token in ipairs(tokens) do
    table.insert(entries, now + lease)
    table.insert(entries, token)
  end
  redis.call('ZADD', KEYS[1], unpack(entries))
end

-- Waiters of dead processes are dropped: a place given to them would lie idle for a whole lease. The calling process
-- lives, or it would not call.
local function pick_living(popped, now, caller)
  local living, alive = {}, { [caller] = true }
  for index = 1, #popped, 2 do
    local process = process_of(popped[index])
    if alive[process] == nil then
      alive[process] = tonumber(redis.call('ZSCORE', KEYS[4], process) or 0) > now
    end
    if alive[process] then table.insert(living, popped[index]) end
  end
  return living
end

-- Tells each process of all its places in one message; the caller hears of its own by the script's answer.
local function tell_processes(tokens, now, caller, own)
  local messages = {}
  for _, token in ipairs(tokens) do
    local process = process_of(token)
    if process == caller then
      table.insert(own, token)
    else
      messages[process] = (messages[process] or now) .. ' ' .. token
    end
  end
  for process, message in pairs(messages) do redis.call('PUBLISH', channels .. process, message) end
end

-- Gives so many free places to the head of the line.
-- Returns how many are left, and the caller's tokens that were admitted.
local function admit(free, now, caller)
  local own = {}
  while free > 0 do
    local popped = redis.call('ZPOPMIN', KEYS[2], math.min(free, AT_ONCE))
    if #popped == 0 then break end
    local living = pick_living(popped, now, caller)
    if #living > 0 then
      hold(living, now)
      tell_processes(living, now, caller, own)
      free = free - #living
    end
  end
  return free, own
end

local function count_free()
  return limit - redis.call('ZCARD', KEYS[1])
end

local function free_dead_holders(now)
  return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
end
