/**
 * What stands above the transcript: the run, how far it is, what it costs, and what can be done with it.
 */

import type { Figure, Head, RunCommand } from '../messages';
import { button, element, existing } from './dom';
import { entryLink } from './markdown';
import { count, plot } from './plot';

const PHASES = ['define', 'discover', 'deploy'] as const;

export class HeadView {
  private readonly element = existing('head');
  private readonly title = element('h1');
  private readonly status = element('span', { class: 'status' });
  private readonly phases = element('ol', {
    class: 'phases',
    attributes: { 'aria-label': 'Phases' },
  });
  private readonly facts = element('span', { class: 'facts' });
  private readonly buttons = element('span', { class: 'buttons' });
  private readonly unknowns = element('details', { class: 'unknowns' });
  private readonly figures = element(
    'details',
    { class: 'figures' },
    element('summary', { text: 'Tokens and cost' }),
  );
  /** What is drawn of each part; one that is the same is left alone, with the focus in it. */
  private readonly drawn = new Map<string, string>();

  constructor(private readonly run: (command: RunCommand) => void) {
    const line = element(
      'div',
      { class: 'line' },
      this.title,
      this.status,
      this.facts,
      this.buttons,
    );
    this.figures.open = true;
    this.figures.hidden = true;
    this.unknowns.hidden = true;
    this.element.append(line, this.phases, this.unknowns, this.figures);
  }

  show(head: Head): void {
    this.title.textContent = head.run;
    this.title.title =
      head.parent === undefined ? head.run : `${head.run}, a fork of ${head.parent}`;
    this.status.textContent = head.says;
    this.status.className = `status ${head.isActive ? 'active' : 'ended'} of-${head.status ?? 0}`;
    this.facts.textContent = factsOf(head).join(' · ');
    if (this.isNew('phases', [head.phase, head.isActive, head.status])) {
      this.showPhases(head);
    }
    if (this.isNew('buttons', [head.isActive, head.pending.length > 0])) {
      this.showButtons(head);
    }
    if (this.isNew('unknowns', head.unknowns)) {
      this.showUnknowns(head);
    }
  }

  private isNew(part: string, shown: unknown): boolean {
    const drawn = JSON.stringify(shown);
    const isNew = this.drawn.get(part) !== drawn;
    this.drawn.set(part, drawn);
    return isNew;
  }

  showFigures(figures: readonly Figure[]): void {
    const drawn = plot(figures);
    this.figures.hidden = !drawn;
    this.figures.querySelector('figure')?.remove();
    if (drawn) {
      this.figures.append(drawn);
    }
  }

  private showPhases({ phase, isActive, status }: Head): void {
    const at = phase === undefined ? -1 : PHASES.indexOf(phase);
    const isDone = status === 200 || status === 204;
    this.phases.replaceChildren(
      ...PHASES.map((name, index) => {
        const isHere = index === at && !isDone;
        const attributes = isHere && isActive ? { 'aria-current': 'step' } : {};
        const kind = isHere ? 'here' : index <= at ? 'past' : 'ahead';
        return element('li', { class: kind, text: name, attributes });
      }),
    );
  }

  /** The focus stays on a button that is still there. */
  private showButtons({ isActive, pending }: Head): void {
    const focused = this.buttons.querySelector(':focus')?.textContent;
    const commands: [string, RunCommand, boolean][] = [
      ['Abort', 'abort', isActive],
      ['Review', 'review', pending.length > 0],
      ['Undo all', 'undoRun', !isActive],
      ['Fork', 'fork', true],
      ['Transcript', 'openTranscript', true],
    ];
    const buttons = commands
      .filter(([, , isOffered]) => isOffered)
      .map(([text, command]) => button(text, () => this.run(command)));
    this.buttons.replaceChildren(...buttons);
    buttons.find((made) => made.textContent === focused)?.focus();
  }

  private showUnknowns({ unknowns }: Head): void {
    this.unknowns.hidden = unknowns.length === 0;
    const title = unknowns.length === 1 ? '1 open question' : `${unknowns.length} open questions`;
    const items = unknowns.map(({ path, body }) =>
      element('li', {}, entryLink(path), ` ${body.split('\n')[0] ?? ''}`),
    );
    this.unknowns.replaceChildren(element('summary', { text: title }), element('ul', {}, ...items));
  }
}

function factsOf({ turn, mode, model, tokensFree, cost, detail }: Head): string[] {
  const facts: string[] = [mode];
  const add = (fact: string | undefined): void => {
    if (fact !== undefined && fact !== '') {
      facts.push(fact);
    }
  };
  add(turn > 0 ? `turn ${turn}` : undefined);
  add(model);
  add(tokensFree === undefined ? undefined : `${count(tokensFree)} tokens free`);
  add(cost);
  add(detail);
  return facts;
}
