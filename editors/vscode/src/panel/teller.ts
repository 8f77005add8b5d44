/**
 * What a page that shows a run has been told, and what of the run is new to it. It is told in pieces that a
 * page can take within a frame. No editor and no page lives here.
 */

import type { Run } from '../model/runs';
import { costText, isActive, statusText } from '../model/labels';
import type { EntryRow, HistoryItem, Proposal, RunDetails, Telemetry } from '../protocol';
import type { Figure, Head, Pending, TextKind, ToPage } from './messages';

/** Characters in a piece; what a page makes of them takes its script a millisecond or two. */
const PIECE = 4 * 1024;

type Say = (message: ToPage) => void;

export class Teller {
  private items: HistoryItem[] = [];
  private head = '';
  private figures = '';
  private past: readonly Figure[] = [];
  private streamed = { turn: 0, answer: '', reasoning: '' };

  constructor(private readonly say: Say) {}

  /** Tells all that there is of a run, the newest turn first: that is where its reader looks. */
  begin(run: Run, details: RunDetails, rows: readonly EntryRow[]): void {
    const head = headOf(run);
    this.head = JSON.stringify(head);
    this.say({ type: 'begin', head });
    this.past = pastFigures(rows);
    this.figures = '';
    this.tellFigures(run);
    const { streamedTurn: turn, answer, reasoning } = run;
    const isWhole = details.content.some((content) => content.turn === turn);
    this.streamed = isWhole ? { turn, answer, reasoning } : { turn, answer: '', reasoning: '' };
    this.items = [...run.history];
    const turns = new Turns();
    this.items.forEach((item, place) => turns.at(item.turn ?? 0).items.push([place, item]));
    details.reasoning.forEach(({ turn, body }) => turns.at(turn).texts.push(['reasoning', body]));
    details.content.forEach(({ turn, body }) => turns.at(turn).texts.push(['answer', body]));
    for (const [turn, { texts, items }] of turns.newestFirst()) {
      texts.forEach(([kind, body]) => this.tellText(turn, kind, body, true));
      this.tellItems(items);
    }
    this.text(run);
  }

  /** Tells what has changed of a run. */
  update(run: Run): void {
    const head = headOf(run);
    const said = JSON.stringify(head);
    if (said !== this.head) {
      this.head = said;
      this.say({ type: 'head', head });
    }
    const changed: [number, HistoryItem][] = [];
    run.history.forEach((item, place) => {
      if (item !== this.items[place]) {
        changed.push([place, item]);
      }
    });
    this.items = [...run.history];
    this.tellItems(changed);
    this.tellFigures(run);
  }

  /** Whether entries have gone from the history: a page has to begin anew. */
  hasLost(run: Run): boolean {
    return run.history.length < this.items.length;
  }

  /** Tells what has come of the text that streams in. */
  text(run: Run): void {
    if (run.streamedTurn !== this.streamed.turn) {
      this.streamed = { turn: run.streamedTurn, answer: '', reasoning: '' };
    }
    for (const kind of ['reasoning', 'answer'] as const) {
      const text = run[kind];
      const told = this.streamed[kind];
      this.streamed[kind] = text;
      // A call that is repeated begins its answer again.
      const goesOn = told !== '' && text.startsWith(told);
      this.tellText(run.streamedTurn, kind, goesOn ? text.slice(told.length) : text, !goesOn);
    }
  }

  private tellText(turn: number, kind: TextKind, text: string, isNew: boolean): void {
    for (const [index, piece] of pieces(text).entries()) {
      this.say({ type: 'text', turn, kind, text: piece, isNew: isNew && index === 0 });
    }
  }

  private tellItems(items: readonly (readonly [number, HistoryItem])[]): void {
    let piece: (readonly [number, HistoryItem])[] = [];
    let size = 0;
    const flush = (): void => {
      if (piece.length > 0) {
        this.say({ type: 'items', items: piece });
      }
      piece = [];
      size = 0;
    };
    for (const entry of items) {
      size += 200 + entry[1].body.length;
      piece.push(entry);
      if (size > PIECE) {
        flush();
      }
    }
    flush();
  }

  private tellFigures(run: Run): void {
    const figures = figuresOf(this.past, run.telemetry);
    const said = JSON.stringify(figures);
    if (said !== this.figures) {
      this.figures = said;
      this.say({ type: 'figures', figures });
    }
  }
}

interface Turn {
  readonly texts: [TextKind, string][];
  readonly items: [number, HistoryItem][];
}

class Turns {
  private readonly turns = new Map<number, Turn>();

  at(turn: number): Turn {
    const found = this.turns.get(turn) ?? { texts: [], items: [] };
    this.turns.set(turn, found);
    return found;
  }

  newestFirst(): [number, Turn][] {
    return [...this.turns].sort(([a], [b]) => b - a);
  }
}

/** Cuts a text, never within a character. */
function pieces(text: string): string[] {
  const cut: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + PIECE, text.length);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last < 0xdc00) {
      to += 1;
    }
    cut.push(text.slice(from, to));
    from = to;
  }
  return cut;
}

export function headOf(run: Run): Head {
  const telemetry = [...run.telemetry.values()].at(-1);
  return {
    run: run.alias,
    status: run.status,
    says: statusText(run),
    isActive: isActive(run),
    mode: run.mode ?? 'act',
    model: telemetry?.modelAlias ?? run.model,
    phase: run.phase,
    turn: run.turn,
    parent: run.parent ?? undefined,
    detail: run.progress?.detail,
    cost: costText(run),
    tokensFree: telemetry?.tokensFree ?? undefined,
    unknowns: run.unknowns,
    pending: run.proposals.map(pendingOf),
  };
}

function pendingOf(proposal: Proposal): Pending {
  return {
    path: proposal.path,
    kind: proposal.kind,
    title: proposal.question ?? proposal.command ?? proposal.title,
    hasConflict: proposal.conflict,
    options: proposal.options ?? [],
  };
}

/** The schemes of what a model was sent, and of what it wrote. */
const SENT = ['system', 'user'];
const WRITTEN = ['assistant'];

/** What the entries of past turns say of their sizes. */
function pastFigures(rows: readonly EntryRow[]): Figure[] {
  const sums = new Map<number, { sent: number; written: number }>();
  for (const { scheme, turn, tokens } of rows) {
    if (turn === null) {
      continue;
    }
    const sum = sums.get(turn) ?? { sent: 0, written: 0 };
    sums.set(turn, sum);
    sum.sent += SENT.includes(scheme) ? tokens : 0;
    sum.written += WRITTEN.includes(scheme) ? tokens : 0;
  }
  return [...sums].map(([turn, sum]) => ({ turn, ...sum, cost: undefined }));
}

/** A turn each, in order: what was told live, else what the entries say. */
function figuresOf(past: readonly Figure[], live: ReadonlyMap<number, Telemetry>): Figure[] {
  const figures = new Map(past.map((figure) => [figure.turn, figure]));
  let written = 0;
  for (const [turn, telemetry] of live) {
    // Sums over the run: what is new is the turn's.
    const sum = telemetry.completionTokens;
    figures.set(turn, {
      turn,
      sent: telemetry.contextTokens ?? figures.get(turn)?.sent,
      written:
        figures.get(turn)?.written ?? (sum === null || written === 0 ? undefined : sum - written),
      cost: telemetry.cost ?? undefined,
    });
    written = sum ?? 0;
  }
  return [...figures.values()].sort((a, b) => a.turn - b.turn);
}
