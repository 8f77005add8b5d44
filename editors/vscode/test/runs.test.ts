import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunBook } from '../src/model/runs';
import type { HistoryItem, Proposal, RunRow, RunStateMessage, Telemetry } from '../src/protocol';

function item(entry: string, status = 200): HistoryItem {
  return { tool: 'set', path: entry, status, body: '', turn: 1, attributes: {}, entry };
}

function state(part: Partial<RunStateMessage> = {}): RunStateMessage {
  return {
    run: 'fix',
    turn: 1,
    status: 102,
    state: 'streaming',
    summary: '',
    history: [],
    historyFrom: 0,
    historyTotal: 0,
    unknowns: [],
    pending: 0,
    phase: 'define',
    telemetry: null,
    ...part,
  };
}

function row(run: string, created: number): RunRow {
  return { run, status: 200, turn: 1, summary: '', created, model: null, mode: 'act', pending: 0 };
}

const proposal = { run: 'fix', path: 'log://turn_1/set/a', hunks: [] } as unknown as Proposal;

test('a history is put together from suffixes', () => {
  const book = new RunBook();
  book.takeState(state({ history: [item('a'), item('b')], historyTotal: 2 }));
  const run = book.takeState(state({ history: [item('c')], historyFrom: 2, historyTotal: 3 }));
  assert.deepEqual(run.history, [item('a'), item('b'), item('c')]);
  assert.equal(run.isWhole, true);
});

test('an older item that changed takes its place, and new ones follow the last', () => {
  const book = new RunBook();
  book.takeState(state({ history: [item('a', 202), item('b')], historyTotal: 2 }));
  const changed = [{ ...item('a', 200), index: 0 }, item('c')];
  const run = book.takeState(state({ history: changed, historyFrom: 2, historyTotal: 3 }));
  assert.deepEqual(run.history, [item('a', 200), item('b'), item('c')]);
});

test('a history that is sent again from its beginning replaces what was kept', () => {
  const book = new RunBook();
  book.takeState(state({ history: [item('a'), item('b'), item('c')], historyTotal: 3 }));
  const run = book.takeState(state({ history: [item('b')], historyTotal: 1 }));
  assert.deepEqual(run.history, [item('b')]);
});

test('a history that begins in the middle is not whole until the run is asked for', () => {
  const book = new RunBook();
  const run = book.takeState(state({ history: [item('c')], historyFrom: 2, historyTotal: 3 }));
  assert.equal(run.isWhole, false);
  const history = [item('a'), item('b'), item('c')];
  book.takeDetails({
    ...state({ history, historyTotal: 3 }),
    model: 'opus',
    temperature: null,
    persona: null,
    contextLimit: null,
    reasoning: [],
    content: [],
    lastUserPrompt: null,
  });
  assert.deepEqual([run.isWhole, run.history, run.model], [true, history, 'opus']);
});

test('an answer to getRun does not undo what was told since', () => {
  const book = new RunBook();
  book.takeState(state({ turn: 2, history: [item('a'), item('b')], historyTotal: 2 }));
  const run = book.takeDetails({
    ...state({ turn: 1, history: [item('a')], historyTotal: 1 }),
    model: null,
    temperature: null,
    persona: null,
    contextLimit: null,
    reasoning: [],
    content: [],
    lastUserPrompt: null,
  });
  assert.deepEqual([run.turn, run.history], [2, [item('a'), item('b')]]);
});

test('the figures of every turn are kept, and a state without some takes none away', () => {
  const book = new RunBook();
  const first = { cost: 0.1 } as Telemetry;
  const second = { cost: 0.3 } as Telemetry;
  book.takeState(state({ turn: 1, telemetry: first }));
  book.takeState(state({ turn: 2 }));
  const run = book.takeState(state({ turn: 2, telemetry: second }));
  assert.deepEqual(
    [...run.telemetry],
    [
      [1, first],
      [2, second],
    ],
  );
});

test('a run that has ended is in no phase of a turn', () => {
  const book = new RunBook();
  book.takeProgress({ run: 'fix', turn: 1, status: 'thinking' });
  assert.equal(book.get('fix')?.progress?.status, 'thinking');
  assert.equal(book.takeState(state({ status: 200 })).progress, undefined);
});

test('a new turn streams a new answer, beside its reasoning', () => {
  const book = new RunBook();
  book.takeText({ run: 'fix', turn: 1, kind: 'reasoning', offset: 0, text: 'hm' });
  book.takeText({ run: 'fix', turn: 1, kind: 'answer', offset: 0, text: 'one' });
  const run = book.get('fix');
  assert.deepEqual([run?.answer, run?.reasoning, run?.streamedTurn], ['one', 'hm', 1]);
  book.takeText({ run: 'fix', turn: 2, kind: 'answer', offset: 0, text: 'two' });
  assert.deepEqual([run?.answer, run?.reasoning, run?.streamedTurn], ['two', '', 2]);
});

test('an empty pending set makes no run known', () => {
  const book = new RunBook();
  assert.equal(book.takeProposals({ run: 'old', turn: 1, proposals: [] }), undefined);
  assert.deepEqual(book.all(), []);
});

test('a pending set replaces the one before', () => {
  const book = new RunBook();
  book.takeProposals({ run: 'fix', turn: 1, proposals: [proposal] });
  assert.deepEqual(book.get('fix')?.proposals, [proposal]);
  book.takeProposals({ run: 'fix', turn: 1, proposals: [] });
  assert.deepEqual(book.get('fix')?.proposals, []);
});

test("a folder's list forgets its runs that are not in it, and no others", () => {
  const book = new RunBook();
  book.takeRows('file:///a', [row('one', 1), row('two', 2)]);
  book.takeRows('file:///b', [row('three', 3)]);
  assert.deepEqual(book.takeRows('file:///a', [row('two', 2)]), ['one']);
  assert.deepEqual(
    book.all().map((run) => run.alias),
    ['three', 'two'],
  );
});

test('the runs of a folder that was closed are forgotten', () => {
  const book = new RunBook();
  book.takeRows('file:///a', [row('one', 1)]);
  book.takeRows('file:///b', [row('two', 2)]);
  assert.deepEqual(book.keepFolders(new Set(['file:///b'])), ['one']);
  assert.deepEqual(
    book.all().map((run) => run.alias),
    ['two'],
  );
});

test('the newest run comes first, and before all one that was only just heard of', () => {
  const book = new RunBook();
  book.takeRows('file:///a', [row('old', 1), row('new', 2)]);
  book.takeState(state({ run: 'stranger' }));
  assert.deepEqual(
    book.all().map((run) => run.alias),
    ['stranger', 'new', 'old'],
  );
});

test('what the server said before its answer to a start is not undone by it', () => {
  const book = new RunBook();
  book.takeState(state({ status: 102 }));
  const run = book.takeStart('fix', 'file:///a', 'act', 100);
  assert.deepEqual([run.status, run.workspace, run.mode], [102, 'file:///a', 'act']);
});
