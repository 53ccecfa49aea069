-- Gives places back or leaves the line, admits whoever is next, then takes places or stands in line.
-- ARGV[4] process id, ARGV[5] longest line, ARGV[6] how many tokens are given back; the tokens follow, those given back
-- first, then those that ask, in order of arrival
-- Returns {now, admitted, granted, ...}: the tokens of this process that were admitted from the line, at `now`, and for
-- each that asks since when it has a place, or 0 = it waits, -1 = the line is full
local caller, most, leaving = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local gone, asking = {}, {}
for index = 7, #ARGV do table.insert(index < 7 + leaving and gone or asking, ARGV[index]) end

local now, admitted = 0, {}
if #gone > 0 then
  if redis.call('ZREM', KEYS[1], unpack(gone)) < #gone then redis.call('ZREM', KEYS[2], unpack(gone)) end
  if redis.call('ZCARD', KEYS[2]) > 0 then
    now = clock()
    local _, own = admit(count_free(), now, caller)
    admitted = own
  end
end
if #asking == 0 then return {now, admitted} end

if now == 0 then now = clock() end
local answer, free = {now, admitted}, count_free()
if free >= #asking then
  hold(asking, now)
  for _ = 1, #asking do table.insert(answer, now) end
  return answer
end

-- Dead holders matter only where places run short.
if free_dead_holders(now) > 0 then
  local left, own = admit(count_free(), now, caller)
  free = left
  for _, token in ipairs(own) do table.insert(admitted, token) end
end
-- One that has a place already asks again: its answer was lost, or the message that it was admitted.
local ends, taken, entries = redis.call('ZMSCORE', KEYS[1], unpack(asking)), {}, {}
local room = most - redis.call('ZCARD', KEYS[2])
local last = redis.call('INCRBY', KEYS[3], #asking)
for index, token in ipairs(asking) do
  if ends[index] then
    table.insert(answer, tonumber(ends[index]) - lease)
  elseif free > 0 then
    free = free - 1
    table.insert(taken, token)
    table.insert(answer, now)
  elseif room > 0 then
    room = room - 1
    table.insert(entries, last - #asking + index)
    table.insert(entries, token)
    table.insert(answer, 0)
  else
    table.insert(answer, -1)
  end
end
if #taken > 0 then hold(taken, now) end
-- One that waits already keeps its place in line.
if #entries > 0 then redis.call('ZADD', KEYS[2], 'NX', unpack(entries)) end
return answer
