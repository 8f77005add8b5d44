/**
 * What the run panel's two halves tell each other: the extension, which knows the run, and the page in the
 * webview, which shows it. Types only.
 */

import type { HistoryItem, Mode, Phase, ProposalKind } from '../protocol';

/** What stands above the transcript and below it. */
export interface Head {
  readonly run: string;
  readonly status: number | undefined;
  /** The status in words. */
  readonly says: string;
  readonly isActive: boolean;
  readonly mode: Mode;
  readonly model: string | undefined;
  readonly phase: Phase | undefined;
  readonly turn: number;
  readonly parent: string | undefined;
  /** What the turn does besides its status: a retry's reason. */
  readonly detail: string | undefined;
  readonly cost: string | undefined;
  readonly tokensFree: number | undefined;
  readonly unknowns: readonly { readonly path: string; readonly body: string }[];
  readonly pending: readonly Pending[];
}

/** A proposal that waits for the user. */
export interface Pending {
  readonly path: string;
  readonly kind: ProposalKind;
  readonly title: string;
  readonly hasConflict: boolean;
  readonly options: readonly string[];
}

/** The figures of one turn; undefined where nobody reported them. */
export interface Figure {
  readonly turn: number;
  /** Tokens that the model was sent, and that it wrote. */
  readonly sent: number | undefined;
  readonly written: number | undefined;
  /** In dollars, for the run up to this turn. */
  readonly cost: number | undefined;
}

export type TextKind = 'answer' | 'reasoning';

export type ToPage =
  /** Everything before is void. */
  | { readonly type: 'begin'; readonly head: Head }
  | { readonly type: 'head'; readonly head: Head }
  /** Items of the history by their places; an older one at a place is replaced. */
  | { readonly type: 'items'; readonly items: readonly (readonly [number, HistoryItem])[] }
  /** A piece of what the model wrote in a turn; with `isNew` what was there before is void. */
  | {
      readonly type: 'text';
      readonly turn: number;
      readonly kind: TextKind;
      readonly text: string;
      readonly isNew: boolean;
    }
  | { readonly type: 'figures'; readonly figures: readonly Figure[] }
  /** Output of the command whose log entry is `entry`. */
  | { readonly type: 'output'; readonly entry: string; readonly text: string }
  /** The run cannot be told of. */
  | { readonly type: 'trouble'; readonly problem: string }
  /** What became of the prompt that the page has sent. */
  | { readonly type: 'sent'; readonly problem: string | undefined };

export type RunCommand = 'abort' | 'fork' | 'review' | 'undoRun' | 'openTranscript';
export type Verdict = 'accept' | 'reject' | 'open';

export type FromPage =
  | { readonly type: 'ready' }
  | { readonly type: 'send'; readonly prompt: string; readonly mode: Mode }
  | { readonly type: 'run'; readonly command: RunCommand }
  | { readonly type: 'decide'; readonly verdict: Verdict; readonly path: string }
  | { readonly type: 'answer'; readonly path: string; readonly answer: string }
  | { readonly type: 'open'; readonly path: string };
