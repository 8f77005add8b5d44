import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamedText } from '../src/model/text';

test('pieces are put together by their places in bytes', () => {
  const streamed = new StreamedText();
  streamed.take(0, 'naïve ');
  streamed.take(7, '🦀 ');
  streamed.take(12, 'end');
  assert.equal(streamed.text, 'naïve 🦀 end');
});

test('a piece that begins earlier replaces what came from there on', () => {
  const streamed = new StreamedText();
  streamed.take(0, 'äbc');
  streamed.take(2, 'x');
  assert.equal(streamed.text, 'äx');
  streamed.take(0, 'anew');
  assert.equal(streamed.text, 'anew');
});
