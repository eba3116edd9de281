-- One piece of work at a time: all that it demands, or nothing; and all that it gives back.
-- What is seldom asked for is defined inside of `rare`: each function that a script defines costs
-- as much as looking at a key.

local KINDS = {budget = accounts, window = windows, bucket = buckets, place = places,
  pass = breakers}
local request = cjson.decode(ARGV[1])
local verb, demands, holder = request[1], request[2], request[3] or ''

local function short()
  for at, demand in ipairs(demands) do
    local lack = KINDS[demand[1]].look(demand, holder)
    if lack then return {short = {at - 1, lack}} end
  end
end

local function take()
  local near = {}
  for at, demand in ipairs(demands) do
    local total = KINDS[demand[1]].take(demand, holder)
    if total then near[#near + 1] = {at - 1, total} end
  end
  return #near > 0 and {near = near} or near
end

local function rare()
  local operations = {}

  function operations.give(returns)
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

  function operations.seed(...)
    accounts.rare().seed(...)
    return {}
  end

  function operations.keep(name, holders)
    accounts.rare().keep(name, holders)
    return {}
  end

  function operations.usage(name) return accounts.rare().usage(name) or {} end

  function operations.recall(turns)
    for _, turn in ipairs(turns) do windows.recall(turn[1], turn[2], turn[3]) end
    return {}
  end

  function operations.breakers(rules)
    local machine, readings = breakers.machine(), {}
    for at, each in ipairs(rules) do readings[at] = machine.reading(each[1], each[2]) end
    return readings
  end

  function operations.force(name, state)
    breakers.machine().force(name, state ~= cjson.null and state or nil)
    return {}
  end

  return operations[verb](unpack(request, 2, 7))
end

local answer
if verb == 'take' or verb == 'look' then
  answer = short() or verb == 'take' and take() or {}
else
  answer = rare()
end
if now - last > TOLD_US or ahead ~= before then
  redis.call('HSET', meta, 'last', whole(now), 'ahead', whole(ahead))
end
-- One string: a client takes as long over each part of an answer as Redis over all of it.
return next(answer) and life .. ' ' .. cjson.encode(answer) or life
