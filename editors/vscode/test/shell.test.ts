import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowing, ending, shortened, visible } from '../src/model/shell';

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

test('how a command ended is found behind its line, whatever is in that', () => {
  const output = ' Output: sh://turn_1/x_1 (12 bytes), sh://turn_1/x_2 (0 bytes)';
  assert.equal(ending(`ran \`make\`, exit=2 after 3.1 s.${output}`), 'exit=2 after 3.1 s');
  assert.equal(ending(`ran \`echo \`date\`. Output: \`, exit=0.${output}`), 'exit=0');
  assert.equal(ending(`cut off \`sleep 9\` after 4 s: aborted.${output}`), 'after 4 s: aborted');
  assert.equal(ending(`cut off \`sleep 9\`: aborted.${output}`), 'aborted');
  assert.equal(ending('something else'), 'ended');
});
