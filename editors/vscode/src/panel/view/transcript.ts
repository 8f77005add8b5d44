/**
 * The transcript: a section a turn, with what the user said, what the model thought and wrote, and what
 * became of its commands.
 */

import type { HistoryItem } from '../../protocol';
import type { TextKind } from '../messages';
import { element } from './dom';
import { entryLink, inline } from './markdown';
import { Lines, Prose } from './prose';

/** A body that is shown in its row. */
const SHORT = 120;

/** Lines of a command's output that a row keeps while it runs. The entry has it all. */
const OUTPUT = 64 * 1024;

/** The tools whose rows are about a file or an entry; those of others open their log entry. */
const ABOUT = new Set(['get', 'set', 'rm', 'mv', 'cp']);

type Look = 'waits' | 'works' | 'good' | 'bad' | 'off';

const SIGNS: Record<Look, string> = { waits: '◔', works: '…', good: '✓', bad: '✗', off: '⊘' };
const SPOKEN: Record<Look, string> = {
  waits: 'waits for you',
  works: 'at work',
  good: 'done',
  bad: 'failed',
  off: 'cancelled',
};

function lookOf(status: number): Look {
  if (status === 102 || status === 100) {
    return 'works';
  }
  if (status === 202) {
    return 'waits';
  }
  if (status === 499) {
    return 'off';
  }
  return status < 400 ? 'good' : 'bad';
}

/** A command of the model's and what became of it. */
class Row {
  readonly element: HTMLElement;
  private readonly isPrompt: boolean;
  private isOpen = false;
  private output: Lines | undefined;
  private outputSize = 0;

  constructor(
    readonly place: number,
    private item: HistoryItem,
  ) {
    this.isPrompt = item.tool === 'prompt';
    this.element = this.isPrompt ? element('div', { class: 'prompt' }) : element('li');
    this.draw();
  }

  get entry(): string {
    return this.item.entry;
  }

  change(item: HistoryItem): void {
    this.item = item;
    this.draw();
  }

  /** What the command prints while it runs. */
  print(text: string): void {
    if (this.outputSize > OUTPUT) {
      return;
    }
    if (!this.output) {
      this.output = new Lines();
      this.isOpen = true;
      this.draw();
    }
    this.outputSize += text.length;
    this.output.add(this.outputSize > OUTPUT ? `${text}\n… the entry has the rest` : text);
  }

  private draw(): void {
    const { body } = this.item;
    if (this.isPrompt) {
      this.element.replaceChildren(
        element('span', { class: 'unseen', text: 'You: ' }),
        ...inline(body),
      );
    } else {
      this.element.replaceChildren(this.drawn());
    }
  }

  private drawn(): HTMLElement {
    const { tool, body, status, attributes } = this.item;
    const note = attributes['outcome'] ?? attributes['reason'];
    const title = [
      element('span', {
        class: 'sign',
        text: SIGNS[lookOf(status)],
        attributes: { 'aria-hidden': 'true' },
      }),
      element('span', { class: 'tool', text: tool }),
      ...(tool === 'update'
        ? inline(body)
        : [entryLink(this.item.path, ABOUT.has(tool) ? this.item.path : this.item.entry)]),
      element('span', { class: 'unseen', text: `, ${SPOKEN[lookOf(status)]}` }),
      ...(typeof note === 'string' ? [element('span', { class: 'note', text: note })] : []),
    ];
    const kind = `row ${lookOf(status)}`;
    const isShort = body.length <= SHORT && !body.includes('\n') && !this.output;
    if (isShort || tool === 'update') {
      const shown =
        tool === 'update' || body === '' ? [] : [element('span', { class: 'note', text: body })];
      return element('div', { class: kind }, ...title, ...shown);
    }
    return this.drawnOpenable(kind, title);
  }

  /** The body is drawn when it is opened for the first time: most never are. */
  private drawnOpenable(kind: string, title: readonly Node[]): HTMLElement {
    const details = element('details', { class: kind }, element('summary', {}, ...title));
    let isFilled = false;
    const fill = (): void => {
      if (isFilled) {
        return;
      }
      isFilled = true;
      if (this.output) {
        details.append(this.output.element);
      }
      if (this.item.body !== '') {
        const body = new Lines();
        body.add(this.item.body);
        body.end();
        details.append(body.element);
      }
    };
    details.addEventListener('toggle', () => {
      this.isOpen = details.open;
      if (details.open) {
        fill();
      }
    });
    if (this.isOpen) {
      fill();
      details.open = true;
    }
    return details;
  }
}

class Turn {
  readonly element: HTMLElement;
  private readonly prompts = element('div');
  private readonly thoughts = element(
    'details',
    { class: 'thoughts' },
    element('summary', { text: 'Thinking' }),
  );
  private readonly answer = element('div', { class: 'answer' });
  private readonly rows = element('ul', { class: 'rows' });
  private readonly kept: Row[] = [];
  private readonly texts: Partial<Record<TextKind, Prose>> = {};

  constructor(readonly number: number) {
    const title = element('h2', {
      text: number === 0 ? 'Before the first turn' : `Turn ${number}`,
    });
    this.thoughts.hidden = true;
    this.element = element(
      'section',
      { class: 'turn' },
      title,
      this.prompts,
      this.thoughts,
      this.answer,
      this.rows,
    );
  }

  addText(kind: TextKind, text: string, isNew: boolean): void {
    let prose = this.texts[kind];
    if (!prose || isNew) {
      prose?.element.remove();
      prose = new Prose();
      this.texts[kind] = prose;
      (kind === 'answer' ? this.answer : this.thoughts).append(prose.element);
    }
    this.thoughts.hidden = !this.texts.reasoning;
    prose.add(text);
  }

  finish(): void {
    this.texts.answer?.finish();
    this.texts.reasoning?.finish();
  }

  put(place: number, item: HistoryItem): Row {
    const row = new Row(place, item);
    const before = this.kept.findLastIndex((kept) => kept.place < place) + 1;
    const parent = item.tool === 'prompt' ? this.prompts : this.rows;
    const next = this.kept.slice(before).find((kept) => kept.element.parentElement === parent);
    this.kept.splice(before, 0, row);
    parent.insertBefore(row.element, next?.element ?? null);
    return row;
  }
}

export class Transcript {
  private turns: Turn[] = [];
  private rows = new Map<number, Row>();
  private byEntry = new Map<string, Row>();

  constructor(private readonly element: HTMLElement) {}

  clear(): void {
    this.element.replaceChildren();
    this.turns = [];
    this.rows = new Map();
    this.byEntry = new Map();
  }

  put(place: number, item: HistoryItem): void {
    const known = this.rows.get(place);
    if (known) {
      known.change(item);
      return;
    }
    const row = this.turn(item.turn ?? 0).put(place, item);
    this.rows.set(place, row);
    this.byEntry.set(row.entry, row);
  }

  addText(turn: number, kind: TextKind, text: string, isNew: boolean): void {
    this.turn(turn).addText(kind, text, isNew);
  }

  print(entry: string, text: string): void {
    this.byEntry.get(entry)?.print(text);
  }

  /** What has streamed in so far is all, save in the turn that is under way. */
  finish(underWay: number | undefined): void {
    for (const turn of this.turns) {
      if (turn.number !== underWay) {
        turn.finish();
      }
    }
  }

  private turn(number: number): Turn {
    const at = this.turns.findLastIndex((turn) => turn.number <= number);
    const found = this.turns[at];
    if (found?.number === number) {
      return found;
    }
    const turn = new Turn(number);
    this.element.insertBefore(turn.element, this.turns[at + 1]?.element ?? null);
    this.turns.splice(at + 1, 0, turn);
    return turn;
  }
}
