import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Inline } from '../../src/panel/view/inline';
import { readInline } from '../../src/panel/view/inline';

/** Each part in its own brackets. */
function shown(parts: readonly Inline[]): string {
  return parts
    .map((part) => {
      switch (part.kind) {
        case 'text':
          return part.text;
        case 'code':
        case 'entry':
          return `[${part.kind} ${part.text}]`;
        case 'link':
          return `[link ${part.href} ${shown(part.parts)}]`;
        default:
          return `[${part.kind} ${shown(part.parts)}]`;
      }
    })
    .join('');
}

const TABLE: [string, string][] = [
  ['plain', 'plain'],
  ['**a *b* c**', '[strong a [emphasis b] c]'],
  ['snake_case_name and 2 * 3 * 4', 'snake_case_name and 2 * 3 * 4'],
  ['~~gone~~ _it_', '[strike gone] [emphasis it]'],
  ['`a * b` and ``c ` d``', '[code a * b] and [code c ` d]'],
  ['an `open one', 'an `open one'],
  ['\\*no\\*', '*no*'],
  ['[here](https://a.example/x?y=1)', '[link https://a.example/x?y=1 here]'],
  ['see https://a.example/x, then', 'see [link https://a.example/x https://a.example/x], then'],
  ['known://plan/a.b.', '[entry known://plan/a.b].'],
  // What a model must not be able to do to its reader.
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['<script>alert(1)</script>', '<script>alert(1)</script>'],
  ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
  ['[x](data:text/html;base64,AAAA)', '[x](data:text/html;base64,AAAA)'],
  ['[x](command:workbench.action.quit)', '[x](command:workbench.action.quit)'],
  ['[x](vscode://settings)', '[x](vscode://settings)'],
  ['![x](https://a.example/pixel.png)', '![link https://a.example/pixel.png x]'],
  ['javascript://%0aalert(1)', 'javascript://%0aalert(1)'],
];

for (const [written, expected] of TABLE) {
  test(`${JSON.stringify(written)} is read as ${JSON.stringify(expected)}`, () => {
    assert.equal(shown(readInline(written)), expected);
  });
}

test('no text is lost, whatever marks are in it', () => {
  const marks = [
    '*',
    '_',
    '`',
    '~',
    '[',
    ']',
    '(',
    ')',
    '\\',
    '<',
    '>',
    'a',
    ' ',
    '\n',
    '🚀',
    'http://',
    '://',
  ];
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: random(30) }, () => marks[random(marks.length)]).join('');
    const letters = (of: string): string => of.replace(/[^a🚀]/gu, '');
    const flat = (parts: readonly Inline[]): string =>
      parts.map((part) => ('parts' in part ? flat(part.parts) : part.text)).join('');
    const all = readInline(text);
    const links = all.some((part) => part.kind === 'link');
    if (!links) {
      assert.equal(letters(flat(all)), letters(text), JSON.stringify(text));
    }
  }
});
