-- Time that all processes agree on, in microseconds, and the life of what is remembered here.
-- Time goes back by a tenth of a second at most: where the server's clock is set back, it goes on
-- from where it was last written down.

local prefix, fresh, lease_us, settling_us = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local meta = KEYS[1]
local DAY_MS, TOLD_US = 86400000, 100000

-- A number as Redis reads it: Lua would shorten one of more than 14 digits.
local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end

local clock = redis.call('TIME')
local unix = clock[1] * 1000000 + clock[2]
local known = redis.call('HMGET', meta, 'life', 'born', 'last', 'ahead')
local life, born = known[1], tonumber(known[2])
local last, before = tonumber(known[3]) or 0, tonumber(known[4]) or 0
local ahead = math.max(before, last - unix)
local now = unix + ahead

if not life then  -- nothing was ever counted here, or all of it is lost, or not to be relied on
  life, born = fresh .. ':' .. whole(now), now
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  redis.call('HSET', meta, 'life', life, 'born', whole(now), 'run', run)
end
-- Until then a process may go on with what it took in the life before (`holdings.py`).
local unsettled_us = born + settling_us - now

local function expire(key, milliseconds)
  redis.call('PEXPIRE', key, whole(math.max(1, math.ceil(milliseconds))))
end
