import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sink } from '../../src/panel/view/blocks';
import { BlockReader } from '../../src/panel/view/blocks';

/** Writes down what is told; of drafts only the one that stands. */
function read(...pieces: string[]): { said: string[]; draft: string | undefined } {
  const said: string[] = [];
  let draft: string | undefined;
  let partial = '';
  const sink: Sink = {
    whole: ({ kind, lines }) => void said.push(`${kind}: ${lines.join('¦')}`),
    draft: (block) => {
      draft = block && `${block.kind}: ${block.lines.join('¦')}`;
    },
    begin: ({ kind, title }) => void said.push(`begin ${kind} ${title}`),
    line: (text) => {
      partial = '';
      said.push(`  ${text}`);
    },
    partial: (text) => {
      partial = text;
    },
    end: () => void said.push('end'),
  };
  const reader = new BlockReader(sink);
  pieces.forEach((piece) => reader.take(piece));
  return { said: partial === '' ? said : [...said, `  ${partial}…`], draft };
}

const ANSWER = [
  '# Plan',
  'I look `first`,',
  'then **write**.',
  '',
  '- one',
  '  more of one',
  '- two',
  '| a | b |',
  '|---|---|',
  '> said',
  '---',
  '```rust',
  'let x = "<set path=\\"no\\">";',
  '',
  '```',
  'Now: <get path="src/a.rs"/> and <set path="src/b.rs">',
  '# no heading',
  '</set> done.',
  '<update status="200">All is well</update>',
  '',
].join('\n');

const SAID = [
  'heading: # Plan',
  'paragraph: I look `first`,¦then **write**.',
  'list: - one¦  more of one¦- two',
  'table: | a | b |¦|---|---|',
  'quote: > said',
  'rule: ---',
  'begin code rust',
  '  let x = "<set path=\\"no\\">";',
  '  ',
  'end',
  'paragraph: Now: ',
  'begin command get src/a.rs',
  '  <get path="src/a.rs"/>',
  'end',
  'paragraph:  and ',
  'begin command set src/b.rs',
  '  <set path="src/b.rs">',
  '  # no heading',
  '  </set>',
  'end',
  'paragraph:  done.',
  'begin command update All is well',
  '  <update status="200">All is well</update>',
  'end',
];

test('an answer is read into its blocks and its commands', () => {
  assert.deepEqual(read(ANSWER), { said: SAID, draft: undefined });
});

test('an answer is read alike however it is cut', () => {
  for (let size = 1; size < 40; size += 1) {
    const pieces = ANSWER.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    assert.deepEqual(read(...pieces), { said: SAID, draft: undefined }, `in pieces of ${size}`);
  }
});

test('the last block is a draft and a beginning tag is not', () => {
  assert.deepEqual(read('Some te'), { said: [], draft: 'paragraph: Some te' });
  assert.deepEqual(read('Some text\n<se'), { said: [], draft: 'paragraph: Some text' });
  assert.deepEqual(read('```js\nlet a'), { said: ['begin code js', '  let a…'], draft: undefined });
});

test('a tag that is only spoken of is text', () => {
  assert.deepEqual(read('Use `<set path="a">` for that.\n\n').said, [
    'paragraph: Use `<set path="a">` for that.',
  ]);
});

test('no draft grows without an end', () => {
  let longest = 0;
  const sink: Sink = {
    whole: () => undefined,
    draft: (block) => {
      longest = Math.max(longest, block?.lines.join('\n').length ?? 0);
    },
    begin: () => undefined,
    line: () => undefined,
    partial: () => undefined,
    end: () => undefined,
  };
  const reader = new BlockReader(sink);
  for (let count = 0; count < 2000; count += 1) {
    reader.take(count % 2 === 0 ? 'a wall of words '.repeat(10) : 'and\nmore of it ');
  }
  assert.ok(longest < 20_000, `a draft of ${longest} characters was drawn`);
});
