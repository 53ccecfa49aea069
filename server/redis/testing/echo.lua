-- For tests: returns the key and the argument.
-- KEYS[1] any key, ARGV[1] any text
return KEYS[1] .. ' ' .. ARGV[1]
