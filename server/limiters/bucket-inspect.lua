-- Looks at a bucket and at the moment of looking, so that the ledger can be counted as of that moment.
-- KEYS[1] bucket, KEYS[2] holders, KEYS[3] stream
-- ARGV[1] run id, ARGV[2] code
-- Returns nil where there is no valid bucket, or {left, holders, state, valid until, cut in ms, ids…}: what was taken
-- before the cut came earlier; of what was taken within that very ms, the ids that stand in the stream.
local bucket = redis.call('HMGET', KEYS[1], 'run_id', 'left', 'state', 'valid_until')
if bucket[1] ~= identity(ARGV[1]) then return nil end
local time = redis.call('TIME')
local cut = time[1] * 1000 + math.floor(time[2] / 1000)
-- A clock that was set back: entries keep their order.
local newest = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
if newest then cut = math.max(cut, tonumber(string.match(newest[1], '^%d+'))) end
local at = string.format('%.0f', cut)
local found = {bucket[2], redis.call('HLEN', KEYS[2]), bucket[3], bucket[4], at}
for _, entry in ipairs(redis.call('XRANGE', KEYS[3], at, at)) do
  local id, code
  for place = 1, #entry[2], 2 do
    if entry[2][place] == 'id' then id = entry[2][place + 1] end
    if entry[2][place] == 'code' then code = entry[2][place + 1] end
  end
  if code == ARGV[2] then found[#found + 1] = id end
end
return found
