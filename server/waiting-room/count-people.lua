-- How full a room is.
-- KEYS[1] room, KEYS[2] activity
-- Returns {people who ever entered, how many of them were released}; both 0 while Redis does not know the room
local people = tonumber(redis.call('HGET', KEYS[1], 'people'))
local released = people and allowed(KEYS[2], time_us())
if not released then return {0, 0} end
return {people, math.min(people, released)}
