-- Takes one use of a code for one person and appends the redemption to the ledger stream: all or nothing.
-- The same redemption id again gives the same answer: a client may have lost the first one.
-- KEYS[1] bucket       hash: run_id, state, left, valid_until, refill, tokens, refilled_at, kind, bound, activity
-- KEYS[2] holders      hash: email -> redemption id
-- KEYS[3] stream       of accepted redemptions that Postgres does not have yet
-- KEYS[4] uncommitted  hash: redemption id -> id of its stream entry
-- ARGV[1] run id that the client read on its connection, ARGV[2] redemption id, ARGV[3] email, ARGV[4] code,
-- ARGV[5] kind of code that is asked for, ARGV[6] activity whose pass was shown, or ''
-- ARGV[7] only in a trace that is kept: its traceparent, which goes with the entry
-- Returns {answer, detail}: accepted | held, redemption id | not_found | pass_required | expired | used_up |
-- rate_limited, seconds |
-- uninitialised (no bucket, or one of another Redis: it must be rebuilt, never guessed)
local bucket = redis.call('HMGET', KEYS[1], 'run_id', 'state', 'left', 'valid_until', 'refill', 'kind', 'bound', 'activity')
if bucket[1] ~= identity(ARGV[1]) then return {'uninitialised'} end
if bucket[2] ~= 'active' or bucket[6] ~= ARGV[5] then return {'not_found'} end

local held = redis.call('HGET', KEYS[2], ARGV[3])
if held == ARGV[2] then return {'accepted'} end
if held then return {'held', held} end
if bucket[7] ~= '' and bucket[7] ~= ARGV[3] then return {'not_found'} end
if bucket[8] ~= '' and bucket[8] ~= ARGV[6] then return {'pass_required'} end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local valid_until = tonumber(bucket[4])
if valid_until and now >= valid_until then return {'expired'} end
if tonumber(bucket[3]) <= 0 then return {'used_up'} end

-- Optional refill: at most `refill` uses a second, and no more than one second's worth (at least one use) at once.
local refill = tonumber(bucket[5])
if refill then
  local most = math.max(1, refill)
  local level = redis.call('HMGET', KEYS[1], 'tokens', 'refilled_at')
  local tokens = math.min(most, tonumber(level[1] or most) + (now - tonumber(level[2] or now)) / 1000 * refill)
  if tokens < 1 then return {'rate_limited', tostring(math.ceil((1 - tokens) / refill))} end
  redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - 1), 'refilled_at', now)
end

redis.call('HINCRBY', KEYS[1], 'left', -1)
redis.call('HSET', KEYS[2], ARGV[3], ARGV[2])
if bucket[6] == 'personal' then redis.call('HSET', KEYS[1], 'bound', ARGV[3]) end
local fields = {'id', ARGV[2], 'code', ARGV[4], 'email', ARGV[3]}
if ARGV[7] then
  fields[7] = 'traceparent'
  fields[8] = ARGV[7]
end
local entry = redis.call('XADD', KEYS[3], '*', unpack(fields))
redis.call('HSET', KEYS[4], ARGV[2], entry)
return {'accepted'}
