// The demo's consumer, made honest: it stores what a fetch brought in one INSERT, and only then moves its
// offset. With `one`, a row for each message, as the demo does it.
//   node consumer.mjs BROKERS TOPIC MYSQL_PORT PASSWORD_FILE TABLE batch|one
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import mysql from 'mysql2/promise';

const [brokers, topic, mysqlPort, passwordFile, table, how] = process.argv.slice(2);
const mostInOneInsert = 1000;

const db = await mysql.createConnection({
  host: '127.0.0.1',
  port: Number(mysqlPort),
  user: 'seckill',
  password: readFileSync(passwordFile, 'utf8').trim(),
  database: 'seckill',
});
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: table, maxWaitTimeInMs: 50 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });

const dateOf = (message) => new Date(Number(message.timestamp));
const storeSome = async ({ batch, resolveOffset, heartbeat }) => {
  for (let at = 0; at < batch.messages.length; at += mostInOneInsert) {
    const some = batch.messages.slice(at, at + mostInOneInsert);
    await db.query(`INSERT INTO ${table} (date) VALUES ?`, [some.map((message) => [dateOf(message)])]);
    resolveOffset(some.at(-1).offset);
    await heartbeat();
  }
};
const storeOne = ({ message }) => db.execute(`INSERT INTO ${table} (date) VALUES (?)`, [dateOf(message)]);
await consumer.run(how === 'one' ? { eachMessage: storeOne } : { eachBatch: storeSome });
