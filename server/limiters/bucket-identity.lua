-- Shared by the buckets' scripts.
-- identity(given) = what a valid bucket says it belongs to: the run id of its Redis, ':' and the generation of the mode.
-- `given` is that, or 'self…:generation' on a cluster: there only the node that runs the script knows its run id.
local function identity(given)
  local generation = string.match(given, '^self[^:]*:(.*)$')
  if not generation then return given end
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') .. ':' .. generation
end
