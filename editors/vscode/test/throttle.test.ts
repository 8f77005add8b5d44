import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Throttle } from '../src/model/throttle';

test('the first of a burst is carried out at once, the rest as one', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let count = 0;
  const throttle = new Throttle(100, () => {
    count += 1;
  });
  throttle.call();
  throttle.call();
  throttle.call();
  assert.equal(count, 1);
  mock.timers.tick(100);
  assert.equal(count, 2);
  mock.timers.tick(1000);
  assert.equal(count, 2);
  throttle.call();
  throttle.call();
  throttle.dispose();
  mock.timers.tick(1000);
  assert.equal(count, 3);
  mock.timers.reset();
});
