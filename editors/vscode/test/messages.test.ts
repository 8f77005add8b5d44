import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messageOf, unlinked } from '../src/model/messages';

test('nothing in a notification is a link', () => {
  assert.equal(
    unlinked('a [b](command:c) [d](https://e) [f] (g) [[h](i)](j)'),
    'a [b] (command:c) [d] (https://e) [f] (g) [[h] (i)] (j)',
  );
});

test('an error is told in its own words, whatever was thrown', () => {
  assert.equal(messageOf(new Error('no such run')), 'no such run');
  assert.equal(messageOf('gone'), 'gone');
});
