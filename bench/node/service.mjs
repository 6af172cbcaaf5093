// The demo's Express service, made honest: one Lua script judges, a sale is told only when all in-sync
// replicas have its message, and sends are gathered for 2 ms so that they share a request.
//   node service.mjs PORT REDIS_PORT BROKERS TOPIC
import express from 'express';
import Redis from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';

const [port, redisPort, brokers, topic] = process.argv.slice(2);
const gatherMs = 2;
const mostInOneSend = 1000;

const redis = new Redis({ host: '127.0.0.1', port: Number(redisPort) });
redis.defineCommand('takeOne', {
  numberOfKeys: 1,
  lua: `local left = tonumber(redis.call('GET', KEYS[1]))
        if left == nil or left <= 0 then return -1 end
        return redis.call('DECR', KEYS[1])`,
});
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer({ maxInFlightRequests: 5, retry: { retries: 0 } });
await producer.connect();

let gathered = [];
function send() {
  const sent = gathered;
  gathered = [];
  producer
    .send({ topic, acks: -1, messages: sent.map(() => ({ value: 'buy 1 car', partition: 0 })) })
    .then(() => sent.forEach(({ resolve }) => resolve()), (e) => sent.forEach(({ reject }) => reject(e)));
}
function recorded() {
  return new Promise((resolve, reject) => {
    gathered.push({ resolve, reject });
    if (gathered.length === 1) setTimeout(send, gatherMs);
    else if (gathered.length === mostInOneSend) send();
  });
}

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.post('/seckill/seckill', async (_, reply) => {
  try {
    const left = await redis.takeOne('counter');
    if (left < 0) return reply.send('sold out!');
    await recorded();
    reply.json([left]);
  } catch {
    reply.status(503).send('ask again');
  }
});
app.listen(Number(port), '127.0.0.1');
