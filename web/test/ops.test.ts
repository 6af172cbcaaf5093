// @ts-nocheck: Node's types are no dependency of the pages
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, follows, quantile, ratesBetween, soldOutIn } from '../src/ops/figures';
import { Parser } from '../src/ops/sse';

const edges = [100, 200, 400];
function snapshot(atMs, { process = 'a', arrived = 0, won = 0, left = 10, decisions = [0, 0, 0, 0], stored = 0 } = {}) {
  return {
    state: { process },
    stock: { as_of_ms: atMs, available: left },
    funnel: { arrived, outcomes: won ? { won } : {} },
    latency: { edges_us: edges, decisions, decisions_us: 0, turns: won, records: 2 * won, flushes: won,
      flush_us: 300 * won, stored, store_delay_ms: 5 * stored },
    health: {},
  };
}

test('events come whole, however their bytes come', () => {
  const text = ': hello\nretry: 250\n\nevent: stock\ndata: {"a":1}\n\nevent: x\ndata: 1\ndata: 2\nid: p-7\n\n: still here\n\n';
  const whole = new Parser().push(text);
  assert.deepEqual(whole, [{ name: 'stock', data: '{"a":1}' }, { name: 'x', data: '1\n2' }]);
  const slow = new Parser();
  const events = [...text].flatMap((letter) => slow.push(letter));
  assert.deepEqual(events, whole);
  assert.equal(slow.id, 'p-7');
  assert.equal(slow.retryMs, 250);
});

test('quantiles are those of the buckets, as Prometheus takes them', () => {
  assert.equal(quantile(0.5, [0, 0, 0, 0], edges), null);
  assert.equal(quantile(0.5, [10, 0, 0, 0], edges), 50);
  assert.equal(quantile(0.5, [5, 5, 0, 0], edges), 100);
  assert.equal(quantile(0.75, [5, 5, 0, 0], edges), 150);
  assert.equal(quantile(0.99, [0, 0, 0, 3], edges), 400, 'beyond the last edge nothing is known');
});

test('rates are taken between two snapshots of one process', () => {
  const a = snapshot(1_000, { arrived: 10, won: 2, left: 8, decisions: [10, 0, 0, 0], stored: 2 });
  const b = snapshot(1_500, { arrived: 60, won: 4, left: 6, decisions: [10, 50, 0, 0], stored: 4 });
  const rates = ratesBetween(a, b);
  assert.equal(rates.arrived, 100);
  assert.equal(rates.won, 4);
  assert.equal(rates.soldPerS, 4);
  assert.equal(rates.p50, 150, 'only what was decided between the two');
  assert.equal(rates.turn, 2);
  assert.equal(rates.flushUs, 300);
  assert.equal(rates.storeDelayMs, 5);
});

test('nothing is taken across a restart or a hole, and the charts have a gap there', () => {
  const before = snapshot(1_000, { arrived: 500 });
  assert.ok(follows(before, snapshot(1_250, { arrived: 501 })));
  assert.ok(!follows(before, snapshot(1_250, { process: 'b' })));
  assert.ok(!follows(before, snapshot(9_000, { arrived: 600 })));
  assert.ok(!follows(before, snapshot(1_000)));
  const history = new History();
  history.add(snapshot(1_000, { arrived: 500 }));
  history.add(snapshot(1_250, { arrived: 510 }));
  assert.equal(history.points.at(-1).arrived, 40);
  history.add(snapshot(5_000, { process: 'b', arrived: 3 }));
  assert.deepEqual(history.points.map((p) => p.left), [10, 10, null, 10]);
  assert.equal(history.points.at(-1).arrived, null, 'no rate from one snapshot');
  assert.equal(history.rates, null);
  history.add(snapshot(5_250, { process: 'b', arrived: 4 }));
  assert.equal(history.points.at(-1).arrived, 4);
  assert.ok(history.points.every((p) => p.arrived === null || p.arrived >= 0), 'never below nothing');
});

test('rates are of the last second, and old points are let go', () => {
  const history = new History();
  for (let n = 0; n < 2_000; ++n) history.add(snapshot(n * 250, { arrived: n < 1_990 ? 0 : (n - 1_989) * 25 }));
  assert.equal(history.rates.arrived, 100);
  assert.ok(history.points.length <= 722, String(history.points.length));
});

test('at no pace it is never sold out', () => {
  assert.equal(soldOutIn(10, 0), null);
  assert.equal(soldOutIn(10, 5), 2);
  assert.equal(soldOutIn(0, 0), 0);
});
