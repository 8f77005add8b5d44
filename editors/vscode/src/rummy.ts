/**
 * The facade that the views, commands and the run panel use: requests to the server, and what is known
 * of the runs with events for what changes. How the server is found, started and restarted lives in
 * `server/`, how runs are put together from messages in `model/`.
 */

import * as vscode from 'vscode';
import type { Run } from './model/runs';
import { RunBook } from './model/runs';
import type {
  MethodName,
  Mode,
  Params,
  Proposal,
  Result,
  RunProgress,
  RunProposals,
  RunStateMessage,
  RunText,
  StreamCancelled,
  StreamChunk,
  Status,
} from './protocol';

export type { Run } from './model/runs';

/** What the facade needs of a language client. */
export interface Connection {
  readonly isRunning: boolean;
  /** Throws where the server neither runs nor is being started. */
  check(): void;
  /** Resolves once the server runs; rejects where it cannot be started. */
  ready(): Promise<void>;
  sendRequest<R>(method: string, params: unknown, token?: vscode.CancellationToken): Promise<R>;
}

/** A notification handler a name, for the connection to call. */
export type Handlers = ReadonlyMap<string, (message: unknown) => void>;

/** The handler of a notification, whose shape the protocol vouches for. */
function on<T>(take: (message: T) => void): (message: unknown) => void {
  return (message) => take(message as T);
}

/** The runs that a folder's list begins with; older ones are in the database, not in the view. */
const LISTED = 200;

export class Rummy implements vscode.Disposable {
  private readonly book = new RunBook();
  private readonly disposables: vscode.Disposable[] = [];

  private readonly changedRun = this.emitter<Run>();
  private readonly removedRun = this.emitter<string>();
  private readonly receivedText = this.emitter<RunText>();
  private readonly receivedProgress = this.emitter<RunProgress>();
  private readonly changedProposals = this.emitter<RunProposals>();
  private readonly streamedChunk = this.emitter<StreamChunk>();
  private readonly cancelledStream = this.emitter<StreamCancelled>();
  private readonly changedSelection = this.emitter<Run | undefined>();
  private readonly connected = this.emitter<void>();
  private readonly wasReset = this.emitter<void>();
  private selectedAlias: string | undefined;
  private refreshing: Promise<void> | undefined;
  private refreshAgain = false;
  /** Runs that were heard of and are in no list asked for since: those older than what is listed. */
  private readonly strangers = new Set<string>();

  /** A run's status, turn, summary, history, telemetry, settings; its history is accumulated. */
  readonly onDidChangeRun = this.changedRun.event;
  /** The alias of a run that was removed or has another name now. */
  readonly onDidRemoveRun = this.removedRun.event;
  /** A piece of an answer; what came before it is in the run's `answer` and `reasoning`. */
  readonly onDidReceiveText = this.receivedText.event;
  readonly onDidReceiveProgress = this.receivedProgress.event;
  readonly onDidChangeProposals = this.changedProposals.event;
  readonly onDidStreamChunk = this.streamedChunk.event;
  readonly onDidCancelStream = this.cancelledStream.event;
  /** The run that Memory and the commands without a run are about. */
  readonly onDidChangeSelection = this.changedSelection.event;
  /** The server runs, for the first time or again; all runs were forgotten before. */
  readonly onDidConnect = this.connected.event;
  /** The runs were forgotten, because a server is being started. */
  readonly onDidReset = this.wasReset.event;

  constructor(private readonly connection: Connection) {}

  /** What the connection is to call for the server's notifications. */
  readonly handlers: Handlers = new Map([
    ['run/state', on<RunStateMessage>((message) => this.tell(this.book.takeState(message)))],
    ['run/text', on<RunText>((message) => this.takeText(message))],
    ['run/progress', on<RunProgress>((message) => this.takeProgress(message))],
    ['run/proposal', on<RunProposals>((message) => this.takeProposals(message))],
    ['stream/chunk', on<StreamChunk>((message) => this.streamedChunk.fire(message))],
    ['stream/cancelled', on<StreamCancelled>((message) => this.cancelledStream.fire(message))],
  ]);

  get isRunning(): boolean {
    return this.connection.isRunning;
  }

  /** Throws where no server runs or is about to, so that nobody is asked for what cannot be sent. */
  check(): void {
    this.connection.check();
  }

  /** Sends `rummy/METHOD`, once the server runs. Rejects with the server's one-sentence message. */
  async request<M extends MethodName>(
    method: M,
    params: Params<M>,
    token?: vscode.CancellationToken,
  ): Promise<Result<M>> {
    await this.connection.ready();
    return this.connection.sendRequest<Result<M>>(`rummy/${method}`, params, token);
  }

  /** All runs of the window's folders, the newest first. */
  runs(): readonly Run[] {
    return this.book.all();
  }

  run(alias: string): Run | undefined {
    return this.book.get(alias);
  }

  /** What is pending, of one run or of all. */
  proposals(alias?: string): readonly Proposal[] {
    const runs = alias === undefined ? this.runs() : [this.run(alias)];
    return runs.flatMap((run) => run?.proposals ?? []);
  }

  /** The window's folders, each of which is a project of the server's. */
  workspaces(): readonly vscode.WorkspaceFolder[] {
    return vscode.workspace.workspaceFolders ?? [];
  }

  /** The run with its whole history, which the server is asked for where it is not known. */
  async whole(alias: string): Promise<Run> {
    const known = this.run(alias);
    if (known?.isWhole) {
      return known;
    }
    const run = this.book.takeDetails(await this.request('getRun', { run: alias }));
    this.tell(run);
    return run;
  }

  /** The run chosen last, else the newest one. */
  get selection(): Run | undefined {
    const chosen = this.selectedAlias === undefined ? undefined : this.run(this.selectedAlias);
    return chosen ?? this.runs()[0];
  }

  select(alias: string): void {
    this.selectedAlias = alias;
    this.changedSelection.fire(this.selection);
  }

  /** Takes note of a run that this window has just started or gone on with. */
  started(alias: string, workspace: string | undefined, mode: Mode, status: Status): Run {
    const run = this.book.takeStart(alias, workspace, mode, status);
    this.select(alias);
    this.tell(run);
    return run;
  }

  /** A server is being started: nothing that another one said holds for it. */
  reset(): void {
    const aliases = this.book.all().map((run) => run.alias);
    this.book.clear();
    this.strangers.clear();
    this.wasReset.fire();
    aliases.forEach((alias) => this.removedRun.fire(alias));
  }

  async connect(): Promise<void> {
    this.connected.fire();
    await this.refresh();
  }

  /** Takes the lists of runs anew. Calls that come while one is under way make it begin again. */
  refresh(): Promise<void> {
    this.refreshAgain = true;
    this.refreshing ??= this.refreshUntilStill().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async refreshUntilStill(): Promise<void> {
    while (this.refreshAgain) {
      this.refreshAgain = false;
      await this.takeLists();
    }
  }

  private async takeLists(): Promise<void> {
    const folders = this.workspaces().map(({ uri }) => uri.toString());
    const gone = this.book.keepFolders(new Set(folders));
    for (const workspace of folders) {
      const rows = await this.request('getRuns', { workspace, limit: LISTED });
      gone.push(...this.book.takeRows(workspace, rows));
    }
    gone.forEach((alias) => this.removedRun.fire(alias));
    this.book.all().forEach((run) => this.changedRun.fire(run));
    this.changedSelection.fire(this.selection);
  }

  private tell(run: Run): void {
    this.changedRun.fire(run);
    if (run.workspace === undefined && !this.strangers.has(run.alias)) {
      this.strangers.add(run.alias);
      // Where it fails the run is shown without its folder.
      this.refresh().catch(() => undefined);
    }
  }

  private takeText(message: RunText): void {
    this.book.takeText(message);
    this.receivedText.fire(message);
  }

  private takeProgress(message: RunProgress): void {
    this.book.takeProgress(message);
    this.receivedProgress.fire(message);
  }

  private takeProposals(message: RunProposals): void {
    const run = this.book.takeProposals(message);
    this.changedProposals.fire(message);
    if (run) {
      this.tell(run);
    }
  }

  private emitter<T>(): vscode.EventEmitter<T> {
    const emitter = new vscode.EventEmitter<T>();
    this.disposables.push(emitter);
    return emitter;
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
