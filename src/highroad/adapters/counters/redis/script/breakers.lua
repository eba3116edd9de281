-- Breakers: closed, open, half-open. The rules are those of the one in memory (`breaker.py`).
-- One that is closed lets everybody through; what it takes to judge the others is in `machine`.

local PARTS = 10
local breakers, kept, machine = {}, {}, nil

local function breaker_key(name) return prefix .. 'breaker:' .. name end

-- rule: failures, failure_rate, window_us, recovery_us, successes, slow_s, slow_rate, slow_attempts
local function breaker_of(name, rule, holder)
  local breaker = kept[name]
  if not breaker then
    local found = redis.call('HMGET', breaker_key(name), 'state', 'forced', 'changed', 'successes',
      'attempts', 'failures', 'slow', 'parts', 'swept', '@' .. (holder or ''))
    breaker = {name = name, is_known = found[1] and true, state = found[1] or 'closed',
      forced = found[2] == '1', changed = tonumber(found[3]) or now,
      successes = tonumber(found[4]) or 0, attempts = tonumber(found[5]) or 0,
      failures = tonumber(found[6]) or 0, slow = tonumber(found[7]) or 0,
      written = found[8] or '', swept = tonumber(found[9]), inside = found[10]}
    kept[name] = breaker
  end
  breaker.rule = rule
  return breaker
end

-- demand: dependency, rule
function breakers.look(demand, holder)
  local breaker = breaker_of(demand[2], demand[3], holder)
  if breaker.state == 'closed' then return nil end
  machine = machine or breakers.machine()
  local left_us = machine.wait_us(breaker, holder)
  if breaker.is_changed then machine.save(breaker) end
  if not left_us then return nil end
  machine.slide(breaker)
  return {'open', tostring(breaker.failures), left_us > 0 and whole(left_us) or '-1'}
end

function breakers.take(demand, holder)
  local breaker = breaker_of(demand[2], demand[3], holder)
  redis.call('HSET', breaker_key(breaker.name), '@' .. holder, whole(now))
  if not breaker.swept or breaker.swept <= now - HOUR_US then
    machine = machine or breakers.machine()
    machine.sweep(breaker)
  end
  if breaker.state == 'half_open' then
    redis.call('ZADD', prefix .. 'trials:' .. breaker.name, 'NX', whole(now), holder)
    expire(prefix .. 'trials:' .. breaker.name, breaker.rule[4] / 1000 + 1000)
  end
end

-- What moves a breaker from one state to another.
function breakers.machine()
  local self = {}

  local function trials_key(name) return prefix .. 'trials:' .. name end

  local function parts_of(breaker)
    if not breaker.parts then
      breaker.parts = {}
      for part in string.gmatch(breaker.written, '[^;]+') do
        breaker.parts[#breaker.parts + 1] = numbers(part)
      end
    end
    return breaker.parts
  end

  local function written(parts)
    local found = {}
    for at, part in ipairs(parts) do
      found[at] = whole(part[1]) .. ' ' .. part[2] .. ' ' .. part[3] .. ' ' .. part[4]
    end
    return table.concat(found, ';')
  end

  function self.save(breaker)
    local key = breaker_key(breaker.name)
    breaker.is_known = true
    redis.call('HSET', key, 'state', breaker.state, 'forced', breaker.forced and '1' or '0',
      'changed', whole(breaker.changed), 'successes', breaker.successes,
      'attempts', breaker.attempts, 'failures', breaker.failures, 'slow', breaker.slow,
      'parts', written(parts_of(breaker)))
    if breaker.forced then
      redis.call('PERSIST', key)  -- what a person said stands until a person says otherwise
    else
      local rule = breaker.rule
      expire(key, DAY_MS + (rule and (rule[3] + rule[4]) / 1000 or 0))
    end
  end

  function self.become(breaker, state)
    breaker.state, breaker.changed, breaker.successes = state, now, 0
    redis.call('DEL', trials_key(breaker.name))
    if state ~= 'open' then  -- what opened it is told as long as it is open
      breaker.attempts, breaker.failures, breaker.slow, breaker.parts = 0, 0, 0, {}
    end
    breaker.is_changed = true
  end

  -- Let trials in once the time is up, and give up those that were never heard of again.
  local function recover(breaker)
    if breaker.state == 'closed' or breaker.forced then return end
    local recovery_us = breaker.rule[4]
    if breaker.state == 'open' and now >= breaker.changed + recovery_us then
      self.become(breaker, 'half_open')
    end
    redis.call('ZREMRANGEBYSCORE', trials_key(breaker.name), '-inf', whole(now - recovery_us))
  end

  local function part_number(breaker) return math.floor(now * PARTS / breaker.rule[3]) end

  function self.slide(breaker)
    local parts = parts_of(breaker)
    while parts[1] and parts[1][1] <= part_number(breaker) - PARTS do
      local gone = table.remove(parts, 1)
      breaker.attempts = breaker.attempts - gone[2]
      breaker.failures = breaker.failures - gone[3]
      breaker.slow = breaker.slow - gone[4]
    end
  end

  local function count(breaker, has_failed, is_slow)
    self.slide(breaker)
    local parts, number = parts_of(breaker), part_number(breaker)
    if not parts[1] or parts[#parts][1] ~= number then parts[#parts + 1] = {number, 0, 0, 0} end
    local part, failed, slow = parts[#parts], has_failed and 1 or 0, is_slow and 1 or 0
    part[2], part[3], part[4] = part[2] + 1, part[3] + failed, part[4] + slow
    breaker.attempts = breaker.attempts + 1
    breaker.failures = breaker.failures + failed
    breaker.slow = breaker.slow + slow
    breaker.is_changed = true
  end

  local function is_too_bad(breaker)
    local rule = breaker.rule
    return (breaker.failures >= rule[1] and breaker.failures >= rule[2] * breaker.attempts)
      or (breaker.attempts >= rule[8] and breaker.slow >= rule[7] * breaker.attempts)
  end

  -- Microseconds to wait; nil may come now, and 0 is "not yet, and nobody can say when".
  function self.wait_us(breaker, holder)
    recover(breaker)
    if breaker.state == 'closed' then return nil end
    local trials = trials_key(breaker.name)
    if redis.call('ZSCORE', trials, holder) then return nil end
    if breaker.state == 'open' then
      return breaker.forced and 0 or breaker.changed + breaker.rule[4] - now
    end
    local wanted = breaker.rule[5] - breaker.successes
    if redis.call('ZCARD', trials) < wanted then return nil end
    return 0
  end

  function self.told(breaker)
    recover(breaker)
    self.slide(breaker)
    local left_us = self.wait_us(breaker, '') or 0
    return {breaker.name, breaker.state, breaker.forced and 1 or 0, breaker.attempts,
      breaker.failures, breaker.slow, whole((unix - (now - breaker.changed)) / 1000), whole(left_us)}
  end

  -- Attempts that never said how they ended are forgotten after a day.
  function self.sweep(breaker)
    local key = breaker_key(breaker.name)
    local fields = redis.call('HGETALL', key)
    for at = 1, #fields, 2 do
      local is_attempt = string.sub(fields[at], 1, 1) == '@'
      if is_attempt and tonumber(fields[at + 1]) < now - DAY_MS * 1000 then
        redis.call('HDEL', key, fields[at])
      end
    end
    redis.call('HSET', key, 'swept', whole(now))
    if not breaker.is_known then self.save(breaker) end
  end

  -- given: dependency, rule, result, took_s
  function self.give(given, holder)
    local breaker, rule, result = breaker_of(given[2], given[3], holder), given[3], given[4]
    recover(breaker)
    local before, is_inside, is_trial = breaker.state, breaker.inside, false
    if is_inside then redis.call('HDEL', breaker_key(breaker.name), '@' .. holder) end
    if before == 'half_open' then
      is_trial = redis.call('ZREM', trials_key(breaker.name), holder) == 1
    end
    if not breaker.forced and is_inside and result ~= 'abandoned' then
      local has_failed = result == 'failure'
      local is_slow = rule[6] >= 0 and given[5] > rule[6]
      if breaker.state == 'closed' then
        count(breaker, has_failed, is_slow)
        if is_too_bad(breaker) then self.become(breaker, 'open') end
      elseif is_trial and (has_failed or is_slow) then
        self.become(breaker, 'open')
      elseif is_trial then
        breaker.successes = breaker.successes + 1
        breaker.is_changed = true
        if breaker.successes >= rule[5] then self.become(breaker, 'closed') end
      end
    end
    if breaker.is_changed then self.save(breaker) end
    if breaker.state ~= before then return self.told(breaker) end
  end

  function self.reading(name, rule)
    local breaker = breaker_of(name, rule)
    if not breaker.is_known then return {name, 'closed', 0, 0, 0, 0, '0', '0'} end
    local reading = self.told(breaker)
    if breaker.is_changed then self.save(breaker) end
    return reading
  end

  function self.force(name, state)
    local breaker = breaker_of(name)
    self.become(breaker, state or 'closed')
    breaker.forced = state and true or false
    self.save(breaker)
  end

  return self
end

function breakers.give(given, holder) return breakers.machine().give(given, holder) end
