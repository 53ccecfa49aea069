-- Says what became of a pass that a request had claimed. A refused request frees it, unless another request for the
-- same is under way or ended without an answer; one that got the use makes it used for good.
-- KEYS[1] passes, KEYS[2] entries
-- ARGV[1] session id, ARGV[2] fingerprint, ARGV[3] 'used' | 'free', ARGV[4] seq of the session
local held = redis.call('HGET', KEYS[1], ARGV[1])
local used = 'used:' .. ARGV[2]
if held == used then return end
if ARGV[3] == 'used' then
  redis.call('HSET', KEYS[1], ARGV[1], used)
  redis.call('XADD', KEYS[2], '*', 'kind', 'pass', 'seq', ARGV[4], 'fingerprint', ARGV[2])
  return
end
local count, fingerprint = string.match(held or '', '^bound:(%d+):(.*)$')
if fingerprint ~= ARGV[2] then return end
if tonumber(count) <= 1 then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], string.format('bound:%d:%s', tonumber(count) - 1, ARGV[2]))
end
