-- Sliding windows: when each holder had its turn.

local windows = {}

local function window_key(name) return prefix .. 'window:' .. name end

-- demand: key, most, window_us
function windows.look(demand, holder)
  local key, most = window_key(demand[2]), demand[3]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now - demand[4]))
  local count = redis.call('ZCARD', key)
  if count < most or redis.call('ZSCORE', key, holder) then return nil end
  -- There is room again once so many have gone that one less than the limit is left.
  local leaver = most > 0 and redis.call('ZRANGE', key, count - most, count - most, 'WITHSCORES')
  local left_us = (leaver and tonumber(leaver[2]) or now) + demand[4] - now
  return {'rate', tostring(count), whole(left_us)}
end

function windows.take(demand, holder)
  local key = window_key(demand[2])
  redis.call('ZADD', key, 'NX', whole(now), holder)
  expire(key, demand[4] / 1000 + 1000)
end

function windows.give(given, holder)
  redis.call('ZREM', window_key(given[2]), holder)
end

function windows.recall(demand, at_ms, member)
  local at = now - math.max(0, unix - at_ms * 1000)
  if at > now - demand[4] then
    redis.call('ZADD', window_key(demand[2]), whole(at), member)
    expire(window_key(demand[2]), demand[4] / 1000 + 1000)
  end
end
