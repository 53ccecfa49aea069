-- Binds a pass to what it is used for; once bound, it is of no use for anything else.
-- KEYS[1] room
-- KEYS[2] passes  hash: session id -> 'bound:' requests under way ':' fingerprint | 'used:' fingerprint
-- ARGV[1] run id, ARGV[2] session id, ARGV[3] fingerprint, ARGV[4] when the pass expires, in ms
-- Returns 'claimed' | 'expired' | 'used' | 'uninitialised'
if redis.call('HGET', KEYS[1], 'run_id') ~= identity(ARGV[1]) then return 'uninitialised' end
if time_us() >= tonumber(ARGV[4]) * 1000 then return 'expired' end
local held = redis.call('HGET', KEYS[2], ARGV[2])
if held == 'used:' .. ARGV[3] then return 'claimed' end
local requests = 0
if held then
  local count, fingerprint = string.match(held, '^bound:(%d+):(.*)$')
  if fingerprint ~= ARGV[3] then return 'used' end
  requests = tonumber(count)
end
redis.call('HSET', KEYS[2], ARGV[2], string.format('bound:%d:%s', requests + 1, ARGV[3]))
return 'claimed'
