/**
 * What goes over the wire between this extension and rummy-lsp, as types: the requests `rummy/NAME` and
 * the notifications, as editors/PROTOCOL.md describes them. No behaviour and no `vscode` lives here.
 */

/** Sent as `clientVersion`; a server with another major version refuses to start. */
export const PROTOCOL_VERSION = '2.0.0';

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export type Mode = 'ask' | 'act';

/** 100 queued, 102 at work, 202 waiting for the user; all others are ends. */
export type Status = 100 | 102 | 200 | 202 | 204 | 413 | 422 | 499 | 500;

export type Visibility = 'visible' | 'summarized' | 'archived';

export type EntryState = 'proposed' | 'streaming' | 'resolved' | 'failed' | 'cancelled';

export interface HistoryItem {
  readonly tool: string;
  /** What the command was about. */
  readonly path: string;
  readonly status: number;
  readonly body: string;
  readonly turn: number | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The log entry itself. */
  readonly entry: string;
}

export interface Telemetry {
  readonly modelAlias: string;
  readonly model: string;
  readonly temperature: number | null;
  readonly contextSize: number | null;
  readonly contextTokens: number | null;
  readonly ceiling: number | null;
  readonly tokenUsage: number | null;
  readonly tokensFree: number | null;
  /** Sums over the run so far; null where nobody reported them. */
  readonly promptTokens: number | null;
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly totalTokens: number | null;
  readonly cost: number | null;
  readonly contextDistribution: readonly {
    readonly bucket: string;
    readonly tokens: number;
    readonly entries: number;
  }[];
}

export type Phase = 'define' | 'discover' | 'deploy';

export interface EntryText {
  readonly path: string;
  readonly body: string;
}

/** `run/state`. */
export interface RunStateMessage {
  readonly run: string;
  readonly turn: number;
  readonly status: Status;
  readonly state: EntryState;
  readonly summary: string;
  /** What is new from `historyFrom` on; an older item that changed carries its own `index`. */
  readonly history: readonly (HistoryItem & { readonly index?: number })[];
  readonly historyFrom: number;
  readonly historyTotal: number;
  readonly unknowns: readonly EntryText[];
  readonly pending: number;
  readonly phase: Phase;
  readonly telemetry: Telemetry | null;
}

export interface Hunk {
  readonly id: string;
  /** The changed whole lines, as the document has them now. */
  readonly range: Range;
  readonly removed: string;
  readonly added: string;
}

export type ProposalKind =
  'edit' | 'create' | 'delete' | 'rename' | 'copy' | 'command' | 'question';

export interface Proposal {
  /** The proposal's identity within its run; it never changes. */
  readonly path: string;
  readonly run: string;
  readonly turn: number;
  readonly model: string | null;
  readonly action: string;
  readonly kind: ProposalKind;
  readonly title: string;
  readonly target: string | null;
  readonly uri: string | null;
  readonly to?: string;
  readonly toUri?: string;
  readonly hunks: readonly Hunk[];
  readonly patch: string;
  readonly stale: boolean;
  readonly conflict: boolean;
  readonly overlaps: readonly { readonly run: string; readonly path: string }[];
  readonly command: string | null;
  readonly question: string | null;
  readonly options: readonly string[] | null;
}

/** `run/proposal`: the whole pending set of a run. */
export interface RunProposals {
  readonly run: string;
  readonly turn: number;
  readonly proposals: readonly Proposal[];
}

/** `run/text`: a piece of the answer that streams in. */
export interface RunText {
  readonly run: string;
  readonly turn: number;
  readonly kind: 'answer' | 'reasoning';
  /** In bytes of UTF-8, from the beginning of the answer. A repeated call begins again at 0. */
  readonly offset: number;
  readonly text: string;
}

/** `run/progress`. */
export interface RunProgress {
  readonly run: string;
  readonly turn: number;
  readonly status: 'thinking' | 'streaming' | 'processing' | 'retrying';
  readonly detail?: string;
  readonly tokens?: number;
}

/** `stream/chunk`: output of a command that runs; channel 1 is stdout, 2 stderr. */
export interface StreamChunk {
  readonly run: string;
  readonly path: string;
  readonly channel: 1 | 2;
  readonly chunk: string;
}

/** `stream/cancelled`. */
export interface StreamCancelled {
  readonly run: string;
  readonly path: string;
  readonly reason: string;
}

export interface RunRow {
  readonly run: string;
  readonly status: Status;
  readonly turn: number;
  readonly summary: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly model: string | null;
  readonly mode: Mode | null;
  readonly pending: number;
  readonly parent?: string;
}

export interface RunDetails extends RunStateMessage {
  readonly model: string | null;
  readonly temperature: number | null;
  readonly persona: string | null;
  readonly contextLimit: number | null;
  readonly reasoning: readonly (EntryText & { readonly turn: number })[];
  readonly content: readonly (EntryText & { readonly turn: number })[];
  readonly lastUserPrompt: string | null;
}

export interface EntryRow {
  readonly path: string;
  readonly scheme: string;
  readonly state: EntryState;
  readonly outcome: string | null;
  readonly visibility: Visibility;
  readonly turn: number | null;
  readonly tokens: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ModelRow {
  readonly alias: string;
  readonly actual: string;
  readonly contextLength: number | null;
}

export type ConstraintKind = 'active' | 'readonly' | 'ignore';

export interface Constraint {
  readonly pattern: string;
  readonly visibility: ConstraintKind;
}

export interface Failed {
  readonly path: string;
  readonly reason: string;
}

/** What starts a run, or goes on with one. */
export interface StartParams {
  readonly prompt: string;
  readonly model?: string;
  readonly run?: string;
  readonly fork?: boolean;
  readonly selection?: { readonly uri: string; readonly range: Range };
  readonly files?: readonly string[];
  readonly workspace?: string;
}

export interface Decision {
  readonly run?: string;
  readonly path?: string;
  readonly hunks?: readonly string[];
}

interface Ok {
  readonly ok: true;
}

interface Started {
  readonly run: string;
  readonly status: Status;
}

type Nothing = Readonly<Record<string, never>>;

/** The requests that this extension sends, without the `rummy/` before their names. */
export interface Methods {
  ping: [Nothing, Nothing];
  ask: [StartParams, Started];
  act: [StartParams, Started];
  inject: [
    { readonly run: string; readonly prompt: string; readonly mode: Mode },
    Started & { readonly injected?: 'next_turn' },
  ];
  abort: [{ readonly run: string }, Started];
  rename: [{ readonly run: string; readonly name: string }, { readonly run: string }];
  config: [
    {
      readonly run: string;
      readonly model?: string | null;
      readonly temperature?: number | null;
      readonly persona?: string | null;
      readonly contextLimit?: number | null;
    },
    { readonly run: string },
  ];
  set: [
    {
      readonly run: string;
      readonly path: string;
      readonly body?: string;
      readonly visibility?: Visibility;
    },
    Ok,
  ];
  get: [
    { readonly run: string; readonly path: string; readonly visibility?: Visibility },
    Ok & { readonly matched: number },
  ];
  rm: [{ readonly run: string; readonly path: string }, Ok & { readonly matched: number }];
  accept: [
    Decision & { readonly body?: string },
    { readonly accepted: readonly string[]; readonly failed: readonly Failed[] },
  ];
  reject: [Decision & { readonly reason?: string }, { readonly rejected: readonly string[] }];
  answer: [{ readonly run: string; readonly path: string; readonly answer: string }, Ok];
  undo: [
    { readonly run: string; readonly path?: string; readonly all?: boolean },
    { readonly undone: readonly string[]; readonly failed: readonly Failed[] },
  ];
  deleteRun: [{ readonly run: string }, Ok];
  diff: [
    { readonly run: string; readonly path: string },
    {
      readonly uri: string;
      readonly before: string | null;
      readonly after: string | null;
      readonly patch: string;
    },
  ];
  getRuns: [
    { readonly limit?: number; readonly offset?: number; readonly workspace?: string },
    readonly RunRow[],
  ];
  getRun: [{ readonly run: string }, RunDetails];
  getEntries: [
    {
      readonly run: string;
      readonly pattern?: string;
      readonly scheme?: string;
      readonly limit?: number;
      readonly offset?: number;
    },
    readonly EntryRow[],
  ];
  getModels: [{ readonly limit?: number }, readonly ModelRow[]];
  'file/constraint': [Constraint & { readonly workspace?: string }, Ok];
  'file/drop': [{ readonly pattern: string; readonly workspace?: string }, Ok];
  trust: [{ readonly workspace?: string; readonly trusted: boolean }, Ok];
  getConstraints: [{ readonly workspace?: string }, readonly Constraint[]];
  'skill/add': [{ readonly run: string; readonly name: string }, Ok];
  'skill/remove': [{ readonly run: string; readonly name: string }, Ok];
  getSkills: [{ readonly run: string }, readonly string[]];
  listSkills: [Nothing, readonly { readonly name: string; readonly description: string }[]];
  'persona/set': [{ readonly run: string; readonly name?: string; readonly text?: string }, Ok];
  listPersonas: [Nothing, readonly string[]];
  'stream/cancel': [{ readonly run: string; readonly path: string; readonly reason?: string }, Ok];
  textDocumentContent: [{ readonly uri: string }, { readonly text: string }];
}

export type MethodName = keyof Methods;
export type Params<M extends MethodName> = Methods[M][0];
export type Result<M extends MethodName> = Methods[M][1];

export function isAtWork(status: Status): boolean {
  return status === 100 || status === 102 || status === 202;
}

/** Whether it is about a file, as against a command or a question. */
export function isChange({ kind }: Proposal): boolean {
  return kind !== 'command' && kind !== 'question';
}
