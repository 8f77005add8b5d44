/**
 * What is known of the runs: the server's messages, put together to whole runs. The server sends of a
 * run's history only what is new; here it is kept from the first item on. Nothing of the editor and no
 * request lives here.
 */

import type {
  EntryText,
  HistoryItem,
  Mode,
  Phase,
  Proposal,
  RunDetails,
  RunProgress,
  RunProposals,
  RunRow,
  RunStateMessage,
  RunText,
  Status,
  Telemetry,
} from '../protocol';
import { isAtWork } from '../protocol';
import { StreamedText } from './text';

/** A run as it stands. One object a run: it changes in place, and whoever shows it is told. */
export interface Run {
  readonly alias: string;
  /** The URI of its folder, as far as the server has said it. */
  readonly workspace: string | undefined;
  /** None where the server has only named the proposals so far. */
  readonly status: Status | undefined;
  readonly turn: number;
  readonly summary: string;
  /** Milliseconds since 1970. */
  readonly created: number | undefined;
  readonly model: string | undefined;
  readonly mode: Mode | undefined;
  readonly parent: string | undefined;
  readonly phase: Phase | undefined;
  readonly unknowns: readonly EntryText[];
  /** Whole from the first item on, where `isWhole`. */
  readonly history: readonly HistoryItem[];
  readonly isWhole: boolean;
  /** The newest figures of each turn that the server has told of. */
  readonly telemetry: ReadonlyMap<number, Telemetry>;
  /** What is pending. */
  readonly proposals: readonly Proposal[];
  /** What the turn does; none while no turn is taken. */
  readonly progress: RunProgress | undefined;
  /** What the model streams in the turn `streamedTurn`. */
  readonly answer: string;
  readonly reasoning: string;
  readonly streamedTurn: number;
}

class KeptRun implements Run {
  workspace: string | undefined;
  status: Status | undefined;
  turn = 0;
  summary = '';
  created: number | undefined;
  model: string | undefined;
  mode: Mode | undefined;
  parent: string | undefined;
  phase: Phase | undefined;
  unknowns: readonly EntryText[] = [];
  history: HistoryItem[] = [];
  isWhole = false;
  telemetry = new Map<number, Telemetry>();
  proposals: readonly Proposal[] = [];
  progress: RunProgress | undefined;
  streamedTurn = 0;
  private streams = { answer: new StreamedText(), reasoning: new StreamedText() };

  /** Greater for a run that was heard of later. */
  constructor(
    readonly alias: string,
    readonly order: number,
  ) {}

  get answer(): string {
    return this.streams.answer.text;
  }

  get reasoning(): string {
    return this.streams.reasoning.text;
  }

  takeState(message: RunStateMessage): void {
    this.status = message.status;
    this.turn = message.turn;
    this.summary = message.summary;
    this.phase = message.phase;
    this.unknowns = message.unknowns;
    if (message.telemetry) {
      this.telemetry.set(message.turn, message.telemetry);
    }
    if (!isAtWork(message.status)) {
      this.progress = undefined;
    }
    this.takeHistory(message);
  }

  /** Keeps the history; a gap before what came makes it less than whole. */
  private takeHistory({ history, historyFrom, historyTotal }: RunStateMessage): void {
    if (historyFrom === 0) {
      this.history = [];
      this.isWhole = true;
    }
    let next = historyFrom;
    for (const { index, ...item } of history) {
      this.history[index ?? next] = item;
      if (index === undefined) {
        next += 1;
      }
    }
    this.history.length = historyTotal;
    this.isWhole &&= !this.history.includes(undefined as unknown as HistoryItem);
  }

  takeText({ turn, kind, offset, text }: RunText): void {
    if (turn !== this.streamedTurn) {
      this.streamedTurn = turn;
      this.streams = { answer: new StreamedText(), reasoning: new StreamedText() };
    }
    this.streams[kind].take(offset, text);
  }
}

/** All runs of the folders that are open. */
export class RunBook {
  private readonly kept = new Map<string, KeptRun>();
  private lastOrder = 0;

  get(alias: string): Run | undefined {
    return this.kept.get(alias);
  }

  /** The newest first. */
  all(): Run[] {
    return [...this.kept.values()].sort(
      (a, b) => (b.created ?? Infinity) - (a.created ?? Infinity) || b.order - a.order,
    );
  }

  private keep(alias: string): KeptRun {
    let run = this.kept.get(alias);
    if (!run) {
      this.lastOrder += 1;
      run = new KeptRun(alias, this.lastOrder);
      this.kept.set(alias, run);
    }
    return run;
  }

  takeState(message: RunStateMessage): Run {
    const run = this.keep(message.run);
    run.takeState(message);
    return run;
  }

  takeDetails(details: RunDetails): Run {
    const run = this.keep(details.run);
    // A state that came meanwhile may be newer than this answer.
    if (!run.isWhole) {
      run.takeState({ ...details, historyFrom: 0, historyTotal: details.history.length });
    }
    run.model = details.model ?? undefined;
    return run;
  }

  takeText(message: RunText): Run {
    const run = this.keep(message.run);
    run.takeText(message);
    return run;
  }

  takeProgress(message: RunProgress): Run {
    const run = this.keep(message.run);
    run.turn = message.turn;
    run.progress = message;
    return run;
  }

  /** An empty set for a run that is not known says that it was removed or has another name now. */
  takeProposals(message: RunProposals): Run | undefined {
    if (message.proposals.length === 0 && !this.kept.has(message.run)) {
      return undefined;
    }
    const run = this.keep(message.run);
    run.proposals = message.proposals;
    return run;
  }

  takeStart(alias: string, workspace: string | undefined, mode: Mode, status: Status): Run {
    const run = this.keep(alias);
    run.workspace ??= workspace;
    run.mode = mode;
    run.created ??= Date.now();
    // What the server says of the run may have come before its answer.
    run.status ??= status;
    return run;
  }

  /** Takes the whole list of a folder's runs. The aliases that are no more are forgotten and answered. */
  takeRows(workspace: string, rows: readonly RunRow[]): string[] {
    const listed = new Set(rows.map((row) => row.run));
    const gone = [...this.kept.values()].filter(
      (run) => run.workspace === workspace && !listed.has(run.alias),
    );
    gone.forEach(({ alias }) => this.kept.delete(alias));
    for (const row of rows) {
      const run = this.keep(row.run);
      run.workspace = workspace;
      run.status = row.status;
      run.turn = row.turn;
      run.summary = row.summary;
      run.created = row.created;
      run.model = row.model ?? undefined;
      run.mode = row.mode ?? undefined;
      run.parent = row.parent;
    }
    return gone.map(({ alias }) => alias);
  }

  /** Forgets the runs of all folders but these. Their aliases are answered. */
  keepFolders(workspaces: ReadonlySet<string>): string[] {
    const gone = [...this.kept.values()].filter(
      ({ workspace }) => workspace !== undefined && !workspaces.has(workspace),
    );
    gone.forEach(({ alias }) => this.kept.delete(alias));
    return gone.map(({ alias }) => alias);
  }

  clear(): void {
    this.kept.clear();
  }
}
