import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunBook } from '../../src/model/runs';
import type { ToPage } from '../../src/panel/messages';
import { Teller } from '../../src/panel/teller';
import type { EntryRow, HistoryItem, RunDetails } from '../../src/protocol';

function item(entry: string, turn: number, body = ''): HistoryItem {
  return { tool: 'set', path: entry, status: 200, body, turn, attributes: {}, entry };
}

function details(part: Partial<RunDetails> = {}): RunDetails {
  return {
    run: 'fix',
    turn: 2,
    status: 102,
    state: 'streaming',
    summary: '',
    history: [],
    historyFrom: 0,
    historyTotal: part.history?.length ?? 0,
    unknowns: [],
    pending: 0,
    phase: 'define',
    telemetry: null,
    model: 'test',
    temperature: null,
    persona: null,
    contextLimit: null,
    reasoning: [],
    content: [],
    lastUserPrompt: null,
    ...part,
  };
}

/** A teller and what it says, without what stands in a head. */
function told(): { teller: Teller; said: ToPage[]; since: () => ToPage[] } {
  const said: ToPage[] = [];
  let from = 0;
  const since = (): ToPage[] => {
    const news = said.slice(from).filter(({ type }) => type !== 'head' && type !== 'begin');
    from = said.length;
    return news;
  };
  return { teller: new Teller((message) => said.push(message)), said, since };
}

test('all of a run is told, the newest turn first', () => {
  const book = new RunBook();
  const whole = details({
    history: [item('a', 1), item('b', 2)],
    content: [
      { path: 'assistant://1', body: 'First.', turn: 1 },
      { path: 'assistant://2', body: 'Second.', turn: 2 },
    ],
    reasoning: [{ path: 'reasoning://2', body: 'Hm.', turn: 2 }],
  });
  const run = book.takeDetails(whole);
  const { teller, said, since } = told();
  const rows = [
    { scheme: 'system', turn: 1, tokens: 100 },
    { scheme: 'user', turn: 1, tokens: 20 },
    { scheme: 'assistant', turn: 1, tokens: 3 },
  ] as unknown as EntryRow[];
  teller.begin(run, whole, rows);
  assert.equal(said[0]?.type, 'begin');
  assert.deepEqual(since(), [
    { type: 'figures', figures: [{ turn: 1, sent: 120, written: 3, cost: undefined }] },
    { type: 'text', turn: 2, kind: 'reasoning', text: 'Hm.', isNew: true },
    { type: 'text', turn: 2, kind: 'answer', text: 'Second.', isNew: true },
    { type: 'items', items: [[1, item('b', 2)]] },
    { type: 'text', turn: 1, kind: 'answer', text: 'First.', isNew: true },
    { type: 'items', items: [[0, item('a', 1)]] },
  ]);
  teller.update(run);
  teller.text(run);
  assert.deepEqual(since(), []);
});

test('of a history only what is new or has changed is told', () => {
  const book = new RunBook();
  const run = book.takeDetails(details({ history: [item('a', 1), item('b', 1)] }));
  const { teller, since } = told();
  teller.begin(run, details(), []);
  since();
  const changed = { ...item('a', 1, 'now'), index: 0 };
  book.takeState({
    ...details(),
    history: [changed, item('c', 2)],
    historyFrom: 2,
    historyTotal: 3,
  });
  teller.update(run);
  assert.deepEqual(since(), [
    {
      type: 'items',
      items: [
        [0, item('a', 1, 'now')],
        [2, item('c', 2)],
      ],
    },
  ]);
  book.takeState({ ...details(), history: [item('c', 2)], historyFrom: 0, historyTotal: 1 });
  assert.equal(teller.hasLost(run), true);
});

test('of a text that streams in each piece is told once, and a repeated call anew', () => {
  const book = new RunBook();
  const run = book.takeDetails(details());
  const { teller, since } = told();
  teller.begin(run, details(), []);
  since();
  const take = (offset: number, text: string): ToPage[] => {
    book.takeText({ run: 'fix', turn: 2, kind: 'answer', offset, text });
    teller.text(run);
    return since();
  };
  const piece = { type: 'text', turn: 2, kind: 'answer' };
  assert.deepEqual(take(0, 'Grüße'), [{ ...piece, text: 'Grüße', isNew: true }]);
  assert.deepEqual(take(7, ' 🚀'), [{ ...piece, text: ' 🚀', isNew: false }]);
  assert.deepEqual(take(0, 'Something longer than before'), [
    { ...piece, text: 'Something longer than before', isNew: true },
  ]);
});

test('a long text is told in pieces that end between characters', () => {
  const body = '🚀'.repeat(20_000) + 'x';
  const whole = details({ content: [{ path: 'assistant://2', body, turn: 2 }] });
  const run = new RunBook().takeDetails(whole);
  const { teller, since } = told();
  teller.begin(run, whole, []);
  const texts = since().filter((message) => message.type === 'text');
  assert.ok(texts.length > 2);
  assert.ok(texts.every(({ text }) => !/\p{Surrogate}/u.test(text)));
  assert.deepEqual(
    texts.map(({ isNew }) => isNew),
    texts.map((_, index) => index === 0),
  );
  assert.equal(texts.map(({ text }) => text).join(''), body);
});
