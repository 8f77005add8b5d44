import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aliasComplaint,
  compareSchemes,
  entryLabel,
  entryName,
  entryUri,
  isWritable,
  schemeOf,
} from '../src/model/entries';

test('the URI of an entry leads back to it', () => {
  const entries = ['known://plan', 'log://turn_3/set/src%2Fapp.rs', 'a b/ä?#%.md', 'src/x.py'];
  for (const entry of entries) {
    const uri = new URL(entryUri('fix-login', entry));
    const name = entryName(decodeURIComponent(uri.pathname));
    assert.deepEqual(name, { run: 'fix-login', entry });
  }
});

test('an entry is known too where two slashes have become one', () => {
  assert.deepEqual(entryName('/fix/known:/plan'), { run: 'fix', entry: 'known://plan' });
  assert.deepEqual(entryName('/fix/src/a:/b'), { run: 'fix', entry: 'src/a:/b' });
});

test('a URI without an entry is that of a transcript', () => {
  assert.equal(entryUri('fix'), 'rummy:/fix');
  assert.deepEqual(entryName('/fix'), { run: 'fix', entry: undefined });
  assert.equal(entryName('/'), undefined);
});

test('a path without a scheme is a file', () => {
  assert.deepEqual(['known://x', 'src/a.rs', 'a://b'].map(schemeOf), ['known', 'file', 'a']);
});

test('knowledge and questions can be written, files and logs not', () => {
  const paths = ['known://a', 'unknown://b', 'log://turn_1/x', 'src/a.rs'];
  assert.deepEqual(paths.map(isWritable), [true, true, false, false]);
});

test('a label has no scheme and no percent signs, but where they stand for themselves', () => {
  assert.equal(entryLabel('log://turn_3/set/src%2Fapp.rs'), 'turn_3/set/src/app.rs');
  assert.equal(entryLabel('known://100%'), '100%');
});

test('knowledge stands before logs, and the unheard-of last', () => {
  const schemes = ['zzz', 'system', 'log', 'aaa', 'known', 'prompt'];
  assert.deepEqual(schemes.sort(compareSchemes), [
    'prompt',
    'known',
    'log',
    'system',
    'aaa',
    'zzz',
  ]);
});

test('an alias is letters, digits and three signs', () => {
  assert.equal(aliasComplaint('fix-login_2.0'), undefined);
  for (const wrong of ['', '-x', 'a b', 'ä', 'x'.repeat(65)]) {
    assert.match(aliasComplaint(wrong) ?? '', /Letters/);
  }
});
