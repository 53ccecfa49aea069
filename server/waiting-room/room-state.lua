-- Functions that the scripts of a waiting room share. They need bucket-identity.lua in front of them.

-- A room is whole when it belongs to this Redis and nothing of it is missing; else it must be rebuilt, never guessed.
local function is_whole(room, seq, users, sessions, run_id)
  local known = redis.call('HMGET', room, 'run_id', 'people')
  if known[1] ~= identity(run_id) or redis.call('EXISTS', seq) == 0 then return false end
  local people = tonumber(known[2])
  return redis.call('HLEN', users) == people and redis.call('HLEN', sessions) == people
end

local function time_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- How many may have been let in by now: a function of this Redis's time and of the activity's row, of nothing else.
-- nil without a copy of the row.
local function allowed(activity, now_us)
  local row = redis.call('HMGET', activity, 'status', 'released_before', 'release_per_second', 'opened_at', 'start_at')
  if not row[1] then return nil end
  local before = tonumber(row[2])
  local opened_us = tonumber(row[4])
  if row[1] ~= 'open' or not opened_us then return before end
  local since_us = math.max(opened_us, tonumber(row[5]) or 0)
  return math.floor(before + tonumber(row[3]) * math.max(0, now_us - since_us) / 1000000)
end
