#!lua name=seckill_v1
-- The rule of counter.h, for all that a turn wants: keys are its sales; args are the position, then
-- units and available for each key. Answers what is granted of each.

local newer_ms, equal_ms = 100, 2000
local forgotten_ms = 30 * 24 * 3600 * 1000 -- nobody asks any more; who does, brings the truth

local function overwrites(known, units, position, now)
  local left, at_position, at = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
  if not (left and at_position and at) then return true end
  if position < at_position then return false end
  if now < at then return true end
  if position == at_position then return now - at >= equal_ms end
  return units == 0 or now - at >= newer_ms
end

local function take(keys, args)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local position = tonumber(args[1])
  local granted = {}
  for i, key in ipairs(keys) do
    local units, available = tonumber(args[2 * i]), tonumber(args[2 * i + 1])
    local known = redis.pcall('HMGET', key, 'left', 'position', 'at')
    if known.err then -- no counter of ours
      redis.call('DEL', key)
      known = {}
    end
    if overwrites(known, units, position, now) then
      granted[i] = math.min(units, available)
      redis.call('HSET', key, 'left', available - granted[i], 'position', args[1], 'at', now)
      redis.call('PEXPIRE', key, forgotten_ms)
    else
      granted[i] = math.max(0, math.min(units, tonumber(known[1])))
      if granted[i] > 0 then redis.call('HINCRBY', key, 'left', -granted[i]) end
    end
  end
  return granted
end

redis.register_function('seckill_v1_take', take)
