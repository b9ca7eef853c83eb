// What Redis does in one step, in its own language. Lists of numbers and texts in, as `EVAL` passes them.

/** KEYS: key. ARGV: expected, value, milliseconds. Gives 1 if it was set. */
export const compareAndSet = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[3]) > 0 then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) else redis.call('DEL', KEYS[1]) end
return 1`;

/** KEYS: key. ARGV: member, when it is over, now; both in epoch seconds. The key ends with its last member. */
export const addToIndex = `
redis.call('ZADD', KEYS[1], 'GT', ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], math.ceil(tonumber(last[2]) * 1000)) end`;
