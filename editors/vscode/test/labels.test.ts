import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costText, isActive, runText } from '../src/model/labels';
import { RunBook } from '../src/model/runs';
import type { Run } from '../src/model/runs';
import type { Proposal, Telemetry } from '../src/protocol';

function run(part: Partial<Run>): Run {
  const bare = new RunBook().takeStart('fix', undefined, 'act', 100);
  // What a run computes by itself is not copied with it.
  return { ...bare, answer: '', reasoning: '', ...part };
}

function spent(...costs: (number | null)[]): ReadonlyMap<number, Telemetry> {
  return new Map(costs.map((cost, turn) => [turn, { cost } as Telemetry]));
}

test('a run says what is pending, its status, turn and cost', () => {
  assert.equal(runText(run({})), 'queued');
  const pending = [{} as Proposal, {} as Proposal];
  const waiting = run({ status: 202, turn: 3, telemetry: spent(0.1, 0.25), proposals: pending });
  assert.equal(runText(waiting), '2 pending · turn 3 · $0.25');
  assert.equal(runText({ ...waiting, proposals: [] }), 'waits for you · turn 3 · $0.25');
  assert.equal(runText({ ...waiting, status: 499 }), '2 pending · aborted · turn 3 · $0.25');
});

test('a turn at work says what it does', () => {
  const progress = { run: 'fix', turn: 2, status: 'thinking' } as const;
  assert.equal(runText(run({ status: 102, turn: 2, progress })), 'thinking · turn 2');
  assert.equal(runText(run({ status: 200, turn: 2, progress })), 'done · turn 2');
});

test('a cost that nobody reported is not shown as zero', () => {
  assert.equal(costText(run({})), undefined);
  assert.equal(costText(run({ telemetry: spent(0.5, null) })), undefined);
  assert.equal(costText(run({ telemetry: spent(0) })), '$0.00');
  assert.equal(costText(run({ telemetry: spent(0.0042) })), '$0.0042');
});

test('a run is active while it is queued, at work or waits', () => {
  const active = ([100, 102, 200, 202, 204, 413, 422, 499, 500] as const).filter((status) =>
    isActive(run({ status })),
  );
  assert.deepEqual(active, [100, 102, 202]);
});
