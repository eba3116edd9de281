-- One piece of work at a time: all that it demands, or nothing; and all that it gives back.

local KINDS = {budget = accounts, window = windows, bucket = buckets, place = places,
  pass = breakers}
local request = cjson.decode(ARGV[1])
local operations = {}

local function short(demands, holder)
  for at, demand in ipairs(demands) do
    local lack = KINDS[demand[1]].look(demand, holder)
    if lack then return {at - 1, lack} end
  end
end

function operations.look(demands)
  local lack = short(demands, '')
  return lack and {short = lack} or {}
end

function operations.take(demands, holder)
  local lack = short(demands, holder)
  if lack then return {short = lack} end
  local near = {}
  for at, demand in ipairs(demands) do
    local total = KINDS[demand[1]].take(demand, holder)
    if total then near[#near + 1] = {at - 1, total} end
  end
  return #near > 0 and {near = near} or near
end

function operations.give(returns, holder)
  local moved = {}
  for _, given in ipairs(returns) do
    moved[#moved + 1] = KINDS[given[1]].give(given, holder)
  end
  return moved
end

function operations.renew(holdings)
  local lost = {}
  for at, held in ipairs(holdings) do
    if not KINDS[held[1]].renew(held[2], held[3], held[4]) then lost[#lost + 1] = at - 1 end
  end
  return lost
end

function operations.seed(name, used, held, until_ms, read_in)
  accounts.seed(name, used, held, until_ms, read_in)
  return {}
end

function operations.keep(name, holders)
  accounts.keep(name, holders)
  return {}
end

function operations.usage(name) return accounts.usage(name) or {} end

function operations.recall(turns)
  for _, turn in ipairs(turns) do windows.recall(turn[1], turn[2], turn[3]) end
  return {}
end

function operations.breakers(rules)
  local readings = {}
  for at, each in ipairs(rules) do readings[at] = breakers.reading(each[1], each[2]) end
  return readings
end

function operations.force(name, state)
  breakers.force(name, state ~= cjson.null and state or nil)
  return {}
end

-- One string: a client takes as long over each part of an answer as Redis over all of it.
local answer = operations[request[1]](unpack(request, 2, 7))
redis.call('HSET', meta, 'last', whole(now), 'ahead', whole(ahead))
return next(answer) and life .. ' ' .. cjson.encode(answer) or life
