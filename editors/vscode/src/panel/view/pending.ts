/**
 * What waits for the user, above the composer: each proposal with what can be done with it.
 */

import type { Pending, Verdict } from '../messages';
import { button, element, existing } from './dom';

/** Proposals that are listed; the review has them all. */
const LISTED = 6;

interface Actions {
  decide(verdict: Verdict, path: string): void;
  answer(path: string, answer: string): void;
}

export class PendingView {
  private readonly element = existing('pending');
  private drawn = '';

  constructor(private readonly actions: Actions) {}

  show(pending: readonly Pending[]): void {
    const drawn = JSON.stringify(pending);
    if (drawn === this.drawn) {
      return;
    }
    this.drawn = drawn;
    this.element.hidden = pending.length === 0;
    const rows = pending.slice(0, LISTED).map((proposal) => this.row(proposal));
    if (pending.length > LISTED) {
      rows.push(element('div', { class: 'note', text: `and ${pending.length - LISTED} more` }));
    }
    this.element.replaceChildren(...rows);
  }

  private row(proposal: Pending): HTMLElement {
    const { kind, title, hasConflict } = proposal;
    const text = element(kind === 'command' ? 'code' : 'span', { class: 'what', text: title });
    const note = hasConflict ? [element('span', { class: 'note', text: 'conflict' })] : [];
    const group = { role: 'group', 'aria-label': title };
    return element(
      'div',
      { class: 'pending', attributes: group },
      text,
      ...note,
      ...this.buttons(proposal),
    );
  }

  private buttons({ kind, path, options }: Pending): HTMLElement[] {
    const { decide, answer } = this.actions;
    switch (kind) {
      case 'question':
        return [
          ...options.map((option) => button(option, () => answer(path, option))),
          button('Answer…', () => decide('open', path)),
        ];
      case 'command':
        return [
          button('Review…', () => decide('open', path), 'primary'),
          button('Reject…', () => decide('reject', path)),
        ];
      default:
        return [
          button('Accept', () => decide('accept', path), 'primary'),
          button('Reject…', () => decide('reject', path)),
          button('Show', () => decide('open', path)),
        ];
    }
  }
}
