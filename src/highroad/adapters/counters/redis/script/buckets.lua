-- Token buckets: who took of one and when, and the moment at which it is full again (member '*').
-- Each token taken puts that moment off by the time that one takes to come.

local buckets = {}
local NEVER_US = 1e15  -- a token of a bucket that does not refill

local function bucket_key(name) return prefix .. 'bucket:' .. name end
local function token_us(demand) return demand[4] > 0 and 1000000 / demand[4] or NEVER_US end

-- demand: key, burst, per_s
local function full_at(demand)
  return tonumber(redis.call('ZSCORE', bucket_key(demand[2]), '*') or now)
end

-- Whoever took longer ago than an empty one takes to fill is forgotten.
local function forget(demand)
  local long_ago = now - demand[3] * token_us(demand)
  redis.call('ZREMRANGEBYSCORE', bucket_key(demand[2]), '-inf', exact(long_ago))
end

local function save_full(demand, full_us)
  local key = bucket_key(demand[2])
  redis.call('ZADD', key, exact(full_us), '*')
  expire(key, math.min(demand[3] * token_us(demand) / 1000 + 1000, 30 * DAY_MS))
end

function buckets.look(demand, holder)
  local key, token = bucket_key(demand[2]), token_us(demand)
  forget(demand)
  local left_us = full_at(demand) - now - (demand[3] - 1) * token
  if left_us <= 0 or redis.call('ZSCORE', key, holder) then return nil end
  return {'rate', whole(demand[3]), demand[4] > 0 and whole(left_us) or '-1'}
end

function buckets.take(demand, holder)
  if redis.call('ZADD', bucket_key(demand[2]), 'NX', whole(now), holder) == 1 then
    save_full(demand, math.max(full_at(demand), now) + token_us(demand))
  end
end

function buckets.give(given, holder)
  forget(given)
  if redis.call('ZREM', bucket_key(given[2]), holder) == 1 then
    save_full(given, math.max(full_at(given) - token_us(given), now))
  end
end
