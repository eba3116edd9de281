-- The first word of every connection. A Redis that was restarted, or another that took its place,
-- may have what it counts from an earlier moment, and nothing tells how early: its life is over.
-- The next question begins another one (`time.lua`).

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if redis.call('HGET', KEYS[1], 'run') ~= run then redis.call('HDEL', KEYS[1], 'life') end
