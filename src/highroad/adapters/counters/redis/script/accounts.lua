-- Accounts of budgets: a hash of six totals, and of what each holder has of them.
-- Beside it the end of each holder's lease. A lapsed one frees nothing: the ledger is asked first.

local METERS, DOUBTS, KEEP_US = 6, 256, 60000000
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

local function account_key(name) return prefix .. 'account:' .. name end
local function leases_key(name) return prefix .. 'leases:' .. name end

-- The account, with what one holder has of it; false where it is not known.
local function account_of(name, holder)
  local account = opened[name]
  if account == nil then
    local key = account_key(name)
    local found = redis.call(
      'HMGET', key, '1', '2', '3', '4', '5', '6', 'until', '@' .. (holder or ''))
    account = false
    if found[1] then
      account = {key = key, leases = leases_key(name), total = {}, held = found[8]}
      account.until_ms = tonumber(found[7])
      for meter = 1, METERS do account.total[meter] = tonumber(found[meter]) end
    end
    opened[name] = account
  end
  return account
end

-- Idle accounts go after a day, and those of a window an hour after its end: nobody who had no
-- intent yet can be among their holders by then, and the ledger knows all others.
local function keep(account)
  local left_ms = DAY_MS
  if account.until_ms then left_ms = math.max(0, account.until_ms - unix / 1000) + 3600000 end
  expire(account.key, left_ms)
  expire(account.leases, left_ms)
end

local function add(account, amount, other)
  local changes = {}
  for meter = 1, METERS do
    local change = amount[meter] - (other and other[meter] or 0)
    if change ~= 0 then
      account.total[meter] = account.total[meter] + change
      changes[#changes + 1] = meter
      changes[#changes + 1] = whole(account.total[meter])
    end
  end
  if #changes > 0 then redis.call('HSET', account.key, unpack(changes)) end
end

local function lend(account, holder, until_us)
  redis.call('ZADD', account.leases, whole(until_us), holder)
end

local accounts = {}

-- demand: account, amount, most, is_final
function accounts.look(demand, holder)
  local account = account_of(demand[2], holder)
  if not account then return {'unseeded', whole(math.max(0, unsettled_us))} end
  if account.held then return nil end
  for meter = 1, METERS do
    local wanted, most = demand[3][meter], demand[4][meter]
    if wanted > 0 and most >= 0 and account.total[meter] + wanted > most then
      local lapsed = redis.call(
        'ZRANGEBYSCORE', account.leases, '-inf', whole(now), 'LIMIT', 0, DOUBTS)
      return {'spent', texts(account.total), lapsed}
    end
  end
end

function accounts.take(demand, holder)
  local account, is_final = account_of(demand[2], holder), demand[5]
  if is_final or not account.held then add(account, demand[3]) end
  if not is_final then
    if not account.held then
      account.held = table.concat(texts(demand[3]), ' ')
      redis.call('HSET', account.key, '@' .. holder, account.held)
    end
    lend(account, holder, now + lease_us)
  end
  keep(account)
  for meter = 1, METERS do
    local most = demand[4][meter]
    if demand[3][meter] > 0 and most >= 0 and account.total[meter] >= most * 0.9 then
      return texts(account.total)
    end
  end
end

-- given: account, used
function accounts.give(given, holder)
  local account = account_of(given[2], holder)
  if account and account.held then
    add(account, given[3], numbers(account.held))
    redis.call('HDEL', account.key, '@' .. holder)
    redis.call('ZREM', account.leases, holder)
    account.held = false
  end
end

-- What was read in another life, or may have been read too early in this one, opens nothing.
function accounts.seed(name, used, held, until_ms, read_in)
  if account_of(name) or unsettled_us > 0 or read_in ~= life then return end
  local key = account_key(name)
  local account = {key = key, leases = leases_key(name), total = {0, 0, 0, 0, 0, 0}}
  account.until_ms = until_ms ~= cjson.null and until_ms or nil
  redis.call('DEL', account.leases)
  redis.call('HSET', key, '1', 0, '2', 0, '3', 0, '4', 0, '5', 0, '6', 0)
  if account.until_ms then redis.call('HSET', key, 'until', whole(until_ms)) end
  add(account, used)
  for holder, amount in pairs(held) do
    add(account, amount)
    redis.call('HSET', key, '@' .. holder, table.concat(texts(amount), ' '))
    lend(account, holder, now + lease_us)
  end
  keep(account)
end

-- Whether the holder still has something: it may have been given back for one that seemed dead.
function accounts.renew(name, holder)
  redis.call('ZADD', leases_key(name), 'XX', 'GT', whole(now + lease_us), holder)
  return redis.call('ZSCORE', leases_key(name), holder) and true
end

-- The ledger has their intents: they count, and nobody asks again for a while.
function accounts.keep(name, holders)
  for _, holder in ipairs(holders) do
    redis.call('ZADD', leases_key(name), 'XX', whole(now + KEEP_US), holder)
  end
end

function accounts.usage(name)
  local account = account_of(name)
  return account and texts(account.total)
end
