import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../src/model/backoff';

test('each crash is followed by a longer wait, up to a minute', () => {
  const backoff = new Backoff(() => 0);
  const waits = Array.from({ length: 9 }, () => backoff.crashed());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test('a server that ran for a minute begins anew, one that ran shorter does not', () => {
  let now = 0;
  const backoff = new Backoff(() => now);
  backoff.crashed();
  backoff.started();
  now = 59_999;
  assert.equal(backoff.crashed(), 1000);
  backoff.started();
  now += 60_000;
  assert.equal(backoff.crashed(), 500);
});

test('a server that the user has stopped begins anew', () => {
  const backoff = new Backoff(() => 0);
  backoff.crashed();
  backoff.reset();
  assert.equal(backoff.crashed(), 500);
});
