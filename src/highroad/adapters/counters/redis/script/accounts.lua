-- Accounts of budgets: one hash of six totals, and of what each holder has of them until when.
-- One of an earlier life may have gone back in time, and is not known any more.
-- A hold whose lease has ended frees nothing: the ledger is asked first what came of its work.

local METERS, DOUBTS, HOUR_US, KEEP_US = 6, 256, 3600000000, 60000000
local opened = {}  -- by name, as this script has found or left it

local function numbers(text)
  local found = {}
  for each in string.gmatch(text, '%S+') do found[#found + 1] = tonumber(each) end
  return found
end

local function texts(amount)
  local found = {}
  for meter = 1, METERS do found[meter] = whole(amount[meter]) end
  return found
end

-- A hold as it is written: when its lease ends, and what it is of each meter.
local function written_hold(until_us, amount)
  return whole(until_us) .. ' ' .. table.concat(amount, ' ')
end

-- The account, with what one holder has of it; false where it is not known.
local function account_of(name, holder)
  local account = opened[name]
  if account == nil then
    local key = prefix .. 'account:' .. name
    local found = redis.call('HMGET', key, '1', '2', '3', '4', '5', '6', 'ends', 'kept', 'lapse',
      '@' .. (holder or ''), 'life')
    account = false
    if found[11] == life then
      account = {key = key, total = {}, ends = tonumber(found[7]), kept = tonumber(found[8]),
        lapse = tonumber(found[9]), held = found[10]}
      for meter = 1, METERS do account.total[meter] = tonumber(found[meter]) end
    end
    opened[name] = account
  end
  return account
end

-- Idle accounts go after a day, and those of a window an hour after its end: nobody who had no
-- intent yet can be among their holders by then, and the ledger knows all others.
local function keep(account, changes)
  if account.ends and account.kept or account.kept and account.kept > now - HOUR_US then return end
  account.kept = now
  local count = #changes
  changes[count + 1], changes[count + 2] = 'kept', whole(now)
  local left_ms = DAY_MS
  if account.ends then left_ms = math.max(0, account.ends - unix / 1000) + HOUR_US / 1000 end
  return left_ms
end

local function add(account, amount, other, changes)
  for meter = 1, METERS do
    local change = amount[meter] - (other and other[meter] or 0)
    if change ~= 0 then
      account.total[meter] = account.total[meter] + change
      changes[#changes + 1] = meter
      changes[#changes + 1] = whole(account.total[meter])
    end
  end
end

-- `lapse` is a moment before which no lease ends: until then nobody need look for one.
local function lend(account, holder, amount, changes)
  account.held = written_hold(now + lease_us, amount)
  changes[#changes + 1] = '@' .. holder
  changes[#changes + 1] = account.held
  if not account.lapse then
    account.lapse = now + lease_us
    changes[#changes + 1] = 'lapse'
    changes[#changes + 1] = whole(account.lapse)
  end
end

local function save_account(account, changes)
  local left_ms = keep(account, changes)
  if #changes > 0 then redis.call('HSET', account.key, unpack(changes)) end
  if left_ms then expire(account.key, left_ms) end
end

local accounts = {}

-- demand: account, amount, most, is_final
function accounts.look(demand, holder)
  local account = account_of(demand[2], holder)
  if not account then return {'unseeded', whole(math.max(0, unsettled_us))} end
  if account.held then return nil end
  local total, amount, limit = account.total, demand[3], demand[4]
  for meter = 1, METERS do
    local wanted, most = amount[meter], limit[meter]
    if wanted > 0 and most >= 0 and total[meter] + wanted > most then
      return {'spent', texts(total), accounts.rare().lapsed(account)}
    end
  end
end

function accounts.take(demand, holder)
  local account, amount, is_final, changes = account_of(demand[2], holder), demand[3], demand[5], {}
  local had = account.held
  if is_final or not had then add(account, amount, nil, changes) end
  if not is_final then
    local held = amount
    if had then
      held = numbers(had)
      table.remove(held, 1)
    end
    lend(account, holder, texts(held), changes)
  end
  save_account(account, changes)
  for meter = 1, METERS do
    local most = demand[4][meter]
    if amount[meter] > 0 and most >= 0 and account.total[meter] >= most * 0.9 then
      return texts(account.total)
    end
  end
end

-- given: account, used
function accounts.give(given, holder)
  local account, changes = account_of(given[2], holder), {}
  if account and account.held then
    local had = numbers(account.held)
    table.remove(had, 1)
    add(account, given[3], had, changes)
    redis.call('HDEL', account.key, '@' .. holder)
    account.held = false
    save_account(account, changes)
  end
end

-- What is seldom asked of them.
function accounts.rare()
  local rarely = {}

  -- Some whose lease has ended. All holds are looked through, at most once while a lease lasts.
  function rarely.lapsed(account)
    local found = {}
    if not account.lapse or now < account.lapse then return found end
    local fields, first = redis.call('HGETALL', account.key), nil
    for at = 1, #fields, 2 do
      if string.sub(fields[at], 1, 1) == '@' then
        local until_us = tonumber(string.match(fields[at + 1], '^%S+'))
        if until_us <= now and #found < DOUBTS then found[#found + 1] = string.sub(fields[at], 2) end
        first = math.min(first or until_us, until_us)
      end
    end
    account.lapse = first
    if first then redis.call('HSET', account.key, 'lapse', whole(first))
    else redis.call('HDEL', account.key, 'lapse') end
    return found
  end

  -- What was read in another life, or may have been read too early in this one, opens nothing.
  function rarely.seed(name, used, held, ends_ms, read_in)
    if account_of(name) or unsettled_us > 0 or read_in ~= life then return end
    local account = {key = prefix .. 'account:' .. name, total = {0, 0, 0, 0, 0, 0}}
    local changes = {'1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0, 'life', life}
    if ends_ms ~= cjson.null then
      account.ends = ends_ms
      changes[15], changes[16] = 'ends', whole(ends_ms)
    end
    redis.call('DEL', account.key)
    add(account, used, nil, changes)
    save_account(account, changes)
    for holder, amount in pairs(held) do
      local hold = {}
      add(account, amount, nil, hold)
      lend(account, holder, texts(amount), hold)
      redis.call('HSET', account.key, unpack(hold))
    end
  end

  -- Let a hold last, from now on and not for less than it does.
  local function prolong(name, holder, lease)
    local key = prefix .. 'account:' .. name
    local held = redis.call('HGET', key, '@' .. holder)
    if not held then return false end
    local until_us, amount = string.match(held, '^(%S+) (.*)$')
    if tonumber(until_us) < now + lease then
      redis.call('HSET', key, '@' .. holder, whole(now + lease) .. ' ' .. amount)
    end
    return true
  end

  -- Whether the holder still has it: it may have been given back for one that seemed dead.
  function rarely.renew(name, holder) return prolong(name, holder, lease_us) end

  -- The ledger has their intents: they count, and nobody asks again for a while.
  function rarely.keep(name, holders)
    for _, holder in ipairs(holders) do prolong(name, holder, KEEP_US) end
  end

  function rarely.usage(name)
    local account = account_of(name)
    return account and texts(account.total)
  end

  return rarely
end

function accounts.renew(name, holder) return accounts.rare().renew(name, holder) end
