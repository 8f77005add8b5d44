/**
 * What is said of a run in a line of text.
 */

import { isAtWork } from '../protocol';
import type { Status } from '../protocol';
import type { Run } from './runs';

const STATUSES: Record<Status, string> = {
  100: 'queued',
  102: 'running',
  200: 'done',
  202: 'waits for you',
  204: 'nothing to do',
  413: 'too large for the model',
  422: 'cannot be done',
  499: 'aborted',
  500: 'failed',
};

export function statusText(run: Run): string {
  if (run.status === undefined) {
    return 'not at work';
  }
  return run.status === 102 && run.progress ? run.progress.status : STATUSES[run.status];
}

/** The run's cost so far, where its provider says it. */
export function costText(run: Run): string | undefined {
  const cost = [...run.telemetry.values()].at(-1)?.cost ?? null;
  if (cost === null) {
    return undefined;
  }
  return `$${cost.toFixed(cost > 0 && cost < 0.01 ? 4 : 2)}`;
}

/**
 * `2 pending · turn 3 · $0.02`: what asks for the user stands first, where a narrow view cuts it off last.
 * That a run waits goes without saying where something is pending.
 */
export function runText(run: Run): string {
  const pending = run.proposals.length;
  const cost = costText(run);
  const parts = [
    pending > 0 ? `${pending} pending` : '',
    pending > 0 && run.status === 202 ? '' : statusText(run),
    run.turn > 0 ? `turn ${run.turn}` : '',
    cost ?? '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

export function isActive(run: Run): boolean {
  return run.status !== undefined && isAtWork(run.status);
}
