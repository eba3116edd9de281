-- Places: who has one of a key, and when its lease ends.

local places = {}
local LEAST_MS = 3600000  -- so long a key is kept though leases are shorter

local function place_key(name) return prefix .. 'place:' .. name end

local function lease_place(key, holder, lease)
  redis.call('ZADD', key, whole(now + lease), holder)
  expire(key, math.max(lease / 1000 + 1000, LEAST_MS))
end

-- demand: key, most, lease_us
function places.look(demand, holder)
  local key = place_key(demand[2])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  local count = redis.call('ZCARD', key)
  if count < demand[3] or redis.call('ZSCORE', key, holder) then return nil end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  return {'full', tostring(count), first and whole(tonumber(first) - now) or '-1'}
end

function places.take(demand, holder)
  local key = place_key(demand[2])
  if redis.call('ZADD', key, 'NX', whole(now + demand[4]), holder) == 1 then
    expire(key, math.max(demand[4] / 1000 + 1000, LEAST_MS))
  end
end

function places.give(given, holder)
  redis.call('ZREM', place_key(given[2]), holder)
end

function places.renew(name, holder, lease)
  local until_us = redis.call('ZSCORE', place_key(name), holder)
  if not until_us or tonumber(until_us) <= now then return false end
  lease_place(place_key(name), holder, lease)
  return true
end
