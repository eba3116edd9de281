-- Places: who has one of a key, and when its lease ends.

local places = {}

local function place_key(name) return prefix .. 'place:' .. name end

local function lease_place(key, holder, lease)
  redis.call('ZADD', key, whole(now + lease), holder)
  if redis.call('PTTL', key) < lease / 1000 then expire(key, lease / 1000 + 1000) end
end

-- demand: key, most, lease_us
local function living(name)
  local key = place_key(name)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  return key
end

function places.look(demand, holder)
  local key = living(demand[2])
  local count = redis.call('ZCARD', key)
  if count < demand[3] or redis.call('ZSCORE', key, holder) then return nil end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  return {'full', tostring(count), first and whole(tonumber(first) - now) or '-1'}
end

function places.take(demand, holder)
  local key = living(demand[2])
  if not redis.call('ZSCORE', key, holder) then lease_place(key, holder, demand[4]) end
end

function places.give(given, holder)
  redis.call('ZREM', place_key(given[2]), holder)
end

function places.renew(name, holder, lease)
  local key = living(name)
  local is_had = redis.call('ZSCORE', key, holder)
  if is_had then lease_place(key, holder, lease) end
  return is_had and true
end
