import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Sink } from '../../src/panel/view/blocks';
import { BlockReader } from '../../src/panel/view/blocks';
import { NAMES } from '../../src/panel/view/tags';

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

/** What stands as text after each of these answers has come so far, whatever more comes. */
const UNFINISHED: readonly (readonly [string, string | undefined])[] = [
  ['I look. <get path="a.rs"/>', undefined],
  ['I look. <get path="a.rs"/> ', undefined],
  ['I look. <get path="a.rs"/> And', 'paragraph:  And'],
  ['I look. <set path="a.rs">one', undefined],
  ['I look. <set path="a', 'paragraph: I look. '],
  ['I look. <se', 'paragraph: I look. '],
  ['I look. <get path="a > b"/> And', 'paragraph:  And'],
  ['- one <GET PATH="a.rs"/>, ', 'paragraph: , '],
  ['Done. <update status="200">All', 'paragraph: Done. '],
  ['Now <sh>', 'paragraph: Now '],
  ['Now <sh>ls</sh> and', 'paragraph:  and'],
  ['a <set of two', 'paragraph: a <set of two'],
  ['a <b and a <br> and <getter path="a">', 'paragraph: a <b and a <br> and <getter path="a">'],
  ['Use <set> for that', 'paragraph: Use <set> for that'],
  ['Use `<set path="a">`', 'paragraph: Use `<set path="a">`'],
  ['Use `<set path="a">', 'paragraph: Use `<set path="a">'],
  ['`code` is first', 'paragraph: `code` is first'],
  ['```xml <get path="a"/>', undefined],
];

test('in a line that has not ended a command is none of the text, and what is none stays', () => {
  for (const [answer, draft] of UNFINISHED) {
    assert.equal(read(answer).draft, draft, answer);
    assert.equal(read(...answer).draft, draft, `${answer}, by character`);
  }
});

test('a command that shares its line is begun and ended before the line is', () => {
  const { said } = read('Look: <get path="a"/> then <set path="b">text</set>, <rm path="c"/>');
  assert.deepEqual(said, [
    'paragraph: Look: ',
    'begin command get a',
    '  <get path="a"/>',
    'end',
    'paragraph:  then ',
    'begin command set b',
    '  <set path="b">text</set>',
    'end',
    'paragraph: , ',
    'begin command rm c',
    '  <rm path="c"/>',
    'end',
  ]);
});

test('what is spoken of is text also beside a command', () => {
  const line = "It's `<get>` or <set>, an `unclosed run: ";
  assert.deepEqual(read(`${line}<get path="a"/>\n\n`).said, [
    `paragraph: ${line}`,
    'begin command get a',
    '  <get path="a"/>',
    'end',
  ]);
  assert.deepEqual(read('a <set of two\nand <get, say\n\n').said, [
    'paragraph: a <set of two¦and <get, say',
  ]);
});

test('the commands are those of the dialect', () => {
  const source = readFileSync('../../src/dialect/command.rs', 'utf8');
  const names = [...source.matchAll(/Self::\w+ => "(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual([...NAMES].sort(), names.sort());
});

/** What answers are made of, the mean cases included. */
const FRAGMENTS = [
  ...[
    '\n',
    '\n\n',
    '\r\n',
    ' ',
    'words ',
    'a <b and ',
    '`',
    '``',
    '```',
    '~~~',
    '\n```rust\n',
    '\n```\n',
  ],
  ...['- ', '| a | b |', '> ', '# ', '---', '<', '</', '/>', '>', '"', "'", '=', '<!-- ', '&lt;'],
  ...[
    '<get path="a"/>',
    '<GET PATH=a >',
    '</get>',
    '<get',
    '<get ',
    '<get path="a > b"',
    '<rm path="c"/>',
  ],
  ...[
    '<set path="b">',
    '<set path="b">\none\n</set>',
    '</set>',
    '</SET >',
    '<set>',
    '<setter>',
    '`<set>`',
  ],
  ...[
    '<sh>ls</sh>',
    '<sh>',
    '</sh>',
    '<update status="200">',
    '<update>',
    'done</update>',
    '<think>',
  ],
  ...[
    '</think>',
    '<ask_user question="q">a; b</ask_user>',
    '<search>',
    '<mv path="a">b</mv>',
    'é',
    '😀',
  ],
];

/** A row of numbers below 1 that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

test('an answer is read the same in whatever pieces it comes', () => {
  for (let seed = 0; seed < 3000; seed += 1) {
    const random = numbers(seed);
    const next = (below: number): number => Math.floor(random.next().value * below);
    const parts = Array.from({ length: 1 + next(14) }, () => FRAGMENTS[next(FRAGMENTS.length)]);
    const answer = `${parts.join('')}\n\n`;
    const pieces: string[] = [];
    for (let at = 0; at < answer.length;) {
      const end = at + 1 + next(9);
      pieces.push(answer.slice(at, end));
      at = end;
    }
    assert.deepEqual(read(...pieces), read(answer), JSON.stringify(pieces));
  }
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
