import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  counts,
  countsText,
  hunkAt,
  linesOf,
  neighbour,
  placed,
  preview,
} from '../src/model/hunks';
import type { Hunk, Position, Proposal } from '../src/protocol';

function at(line: number, character = 0): Position {
  return { line, character };
}

function hunk(id: string, start: Position, end: Position, removed: string, added: string): Hunk {
  return { id, range: { start, end }, removed, added };
}

function proposing(...hunks: Hunk[]): Proposal {
  return { run: 'fix', path: 'log://turn_1/set/a', hunks } as unknown as Proposal;
}

function lines(hunks: ReturnType<typeof placed>): [string, number, number][] {
  return hunks.map(({ hunk: { id }, first, last }) => [id, first, last]);
}

test('a hunk covers its whole lines, and an insertion the line that it comes before', () => {
  const proposal = proposing(
    hunk('h1', at(2), at(4), 'a\nb\n', 'c\n'),
    hunk('h2', at(7), at(7), '', 'new\n'),
  );
  assert.deepEqual(lines(placed([proposal], 10)), [
    ['h1', 2, 3],
    ['h2', 7, 7],
  ]);
});

test('a hunk at the end of the text stands on its last line', () => {
  const behindLast = proposing(hunk('h1', at(3), at(3), '', 'new\n'));
  assert.deepEqual(lines(placed([behindLast], 3)), [['h1', 2, 2]]);
  const withoutBreak = proposing(hunk('h1', at(1), at(2, 5), 'a\nlast!', 'b'));
  assert.deepEqual(lines(placed([withoutBreak], 3)), [['h1', 1, 2]]);
  const inNothing = proposing(hunk('h1', at(0), at(0), '', 'new\n'));
  assert.deepEqual(lines(placed([inNothing], 0)), [['h1', 0, 0]]);
});

test('hunks of several proposals are in the order of the text', () => {
  const one = proposing(hunk('h1', at(8), at(9), 'x\n', ''));
  const two = proposing(hunk('h2', at(1), at(2), 'x\n', ''));
  assert.deepEqual(lines(placed([one, two], 20)), [
    ['h2', 1, 1],
    ['h1', 8, 8],
  ]);
});

test('a line has the hunk that covers it, or none', () => {
  const hunks = placed([proposing(hunk('h1', at(2), at(4), 'a\nb\n', ''))], 10);
  const ids = [1, 2, 3, 4].map((line) => hunkAt(hunks, line)?.hunk.id);
  assert.deepEqual(ids, [undefined, 'h1', 'h1', undefined]);
});

test('one goes from hunk to hunk, and from the last to the first', () => {
  const hunks = placed(
    [proposing(hunk('h1', at(2), at(4), 'a\nb\n', ''), hunk('h2', at(6), at(6), '', 'x\n'))],
    10,
  );
  const next = [0, 2, 3, 6].map((line) => neighbour(hunks, line, 'next')?.hunk.id);
  assert.deepEqual(next, ['h1', 'h2', 'h2', 'h1']);
  const previous = [9, 6, 3, 0].map((line) => neighbour(hunks, line, 'previous')?.hunk.id);
  assert.deepEqual(previous, ['h2', 'h1', 'h2', 'h2']);
  assert.equal(neighbour([], 0, 'next'), undefined);
});

test('lines are counted without the one that a last break seems to begin', () => {
  assert.deepEqual(linesOf(''), []);
  assert.deepEqual(linesOf('a\r\nb\n'), ['a', 'b']);
  assert.deepEqual(linesOf('a\n\n'), ['a', '']);
  const all = [hunk('h1', at(0), at(2), 'a\nb\n', 'c\n'), hunk('h2', at(5), at(5), '', 'x\ny')];
  assert.deepEqual(counts(all), { added: 3, removed: 2 });
  assert.equal(countsText(counts(all)), '+3 −2');
});

test('a preview is the first line that says something, and how many more there are', () => {
  const of = (added: string, longest?: number): string =>
    preview(hunk('h', at(0), at(0), '', added), longest);
  assert.equal(of(''), '');
  assert.equal(of('\n    one\ntwo\n'), 'one  (+2 more)');
  assert.equal(of('🦀🦀🦀🦀\n', 3), '🦀🦀…');
  assert.equal(of('\n'), '');
});
