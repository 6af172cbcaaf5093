// @ts-nocheck: Node's types are no dependency of the pages
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstMs, mostMs, retryAfterMs, waitMs } from '../src/common/backoff';
import { offsetOf } from '../src/common/clock';
import { brief, countdown, duration, grouped, shortCountdown } from '../src/common/format';

test('the quickest sample says best how far the clocks are apart', () => {
  const hour = 3_600_000;
  const slow = { asked: 0, heard: 900, server: hour + 800 }; // 450 ms of error at most
  const quick = { asked: 1000, heard: 1010, server: hour + 1005 };
  assert.equal(offsetOf([slow, quick]), hour);
  assert.equal(offsetOf([quick, slow]), hour);
  assert.equal(offsetOf([{ asked: hour, heard: hour + 10, server: 5 }]), -hour);
});

test('waiting doubles up to a bound, spread over half of it', () => {
  assert.equal(waitMs(1, 0), firstMs / 2);
  assert.ok(waitMs(1, 0.999) < firstMs);
  assert.equal(waitMs(3, 0), 2 * firstMs);
  assert.equal(waitMs(50, 0), mostMs / 2);
  assert.equal(waitMs(1, 0, 3000), 3000);
});

test('Retry-After is heeded when it can be read, and within reason', () => {
  assert.equal(retryAfterMs('2'), 2000);
  assert.equal(retryAfterMs(null), 0);
  assert.equal(retryAfterMs('soon'), 0);
  assert.equal(retryAfterMs('-1'), 0);
  assert.equal(retryAfterMs('999999'), 30_000);
});

test('a countdown is over when it shows nothing but zeros, not before', () => {
  assert.equal(countdown(7_000), '00:00:07');
  assert.equal(countdown(1), '00:00:01');
  assert.equal(countdown(0), '00:00:00');
  assert.equal(countdown(-5), '00:00:00');
  assert.equal(countdown(90_061_000), '1d 01:01:01');
  assert.equal(shortCountdown(899_000), '14:59');
  assert.equal(shortCountdown(3_600_000), '01:00:00');
});

test('numbers are short enough to be read in a rush', () => {
  assert.equal(grouped(1234567), '1,234,567');
  assert.equal(brief(6_412), '6,412');
  assert.equal(brief(64_120), '64.1k');
  assert.equal(brief(0.25), '0.3');
  assert.equal(duration(250), '250 µs');
  assert.equal(duration(2_100), '2.1 ms');
  assert.equal(duration(1_500_000), '1.5 s');
});
