-- Token buckets: how full one was when it was last looked into, and who took of it.

local buckets = {}

local function bucket_key(name) return prefix .. 'bucket:' .. name end
local function takers_key(name) return prefix .. 'takers:' .. name end

-- demand: key, burst, per_s
local function filled(demand)
  local found = redis.call('HMGET', bucket_key(demand[2]), 'tokens', 'at')
  if not found[1] then return nil end
  local gained = (now - tonumber(found[2])) * demand[4] / 1000000
  if demand[4] > 0 then  -- whoever took longer ago than an empty one takes to fill is forgotten
    local long_ago = now - demand[3] / demand[4] * 1000000
    redis.call('ZREMRANGEBYSCORE', takers_key(demand[2]), '-inf', exact(long_ago))
  end
  return math.min(demand[3], tonumber(found[1]) + gained)
end

local function save(demand, tokens)
  local full_ms = demand[4] > 0 and demand[3] / demand[4] * 1000 or 30 * DAY_MS
  redis.call('HSET', bucket_key(demand[2]), 'tokens', exact(tokens), 'at', whole(now))
  expire(bucket_key(demand[2]), full_ms + 1000)
  expire(takers_key(demand[2]), full_ms + 1000)
end

local function has_taken(demand, holder)
  return redis.call('ZSCORE', takers_key(demand[2]), holder)
end

function buckets.look(demand, holder)
  local tokens = filled(demand)
  if not tokens or tokens >= 1 or has_taken(demand, holder) then return nil end
  local left_us = demand[4] > 0 and whole((1 - tokens) / demand[4] * 1000000) or '-1'
  return {'rate', whole(demand[3]), left_us}
end

function buckets.take(demand, holder)
  local tokens = filled(demand) or demand[3]
  if not has_taken(demand, holder) then
    redis.call('ZADD', takers_key(demand[2]), whole(now), holder)
    save(demand, tokens - 1)
  end
end

function buckets.give(given, holder)
  local tokens = filled(given)
  if tokens and redis.call('ZREM', takers_key(given[2]), holder) == 1 then
    save(given, math.min(given[3], tokens + 1))
  end
end
