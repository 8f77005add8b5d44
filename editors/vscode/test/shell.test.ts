import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowing, shortened, visible } from '../src/model/shell';

test('a line with a wild sign or a break has no pattern that means it alone', () => {
  assert.equal(allowing('cargo test --lib'), 'cargo test --lib');
  assert.deepEqual(['ls *', 'ls a?', 'a\nb', 'a\rb'].map(allowing), Array(4).fill(undefined));
});

test('nothing in a command can hide what it does', () => {
  assert.equal(visible('echo hi\necho there'), 'echo hi\necho there');
  assert.equal(
    visible('a\u202eb\u200bc\x1b[2Kd\re\u00a0f'),
    'a\\u{202e}b\\u{200b}c\\u{1b}[2Kd\\u{d}e\\u{a0}f',
  );
  assert.equal(visible('grüße 🦀'), 'grüße 🦀');
});

test('what a dialog cannot show is cut, and said to be', () => {
  assert.deepEqual(shortened('ls'), { text: 'ls', isCut: false });
  const long = 'x'.repeat(1001);
  assert.deepEqual(shortened(long), { text: 'x'.repeat(1000), isCut: true });
  const many = Array.from({ length: 16 }, (_, line) => `${line}`).join('\n');
  assert.deepEqual(shortened(many), { text: many.replace('\n15', ''), isCut: true });
});
