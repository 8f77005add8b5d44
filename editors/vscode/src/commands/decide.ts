/**
 * Deciding on proposals: hunks, files, runs, everything; going from hunk to hunk; undo.
 */

import * as vscode from 'vscode';
import { answer } from '../asking/questions';
import { reviewCommand } from '../asking/shell';
import type { PlacedHunk } from '../model/hunks';
import { hunkAt, neighbour } from '../model/hunks';
import { messageOf } from '../model/messages';
import { inform } from '../notify';
import type { Decision, Proposal, ProposalKind } from '../protocol';
import { isChange } from '../protocol';
import type { Rummy, Run } from '../rummy';
import type { HunkComments } from '../review/comments';
import type { Diffs } from '../review/diffs';
import { diffInFront, hunksOf, proposalsOn, reviewInFront } from '../review/editors';
import type { Interceptor } from '../server/client';
import { isNode, proposalOf } from '../views/nodes';
import { askReason, choose, isSure, runFor } from './pick';
import type { Command } from './register';

export class Decider {
  constructor(
    private readonly rummy: Rummy,
    private readonly diffs: Diffs,
    private readonly comments: HunkComments,
  ) {}

  readonly commands: Readonly<Record<string, Command>> = {
    acceptHunk: () => this.accept([hunkHere(this.rummy)].map(ofHunk)),
    rejectHunk: () => this.reject([hunkHere(this.rummy)].map(ofHunk)),
    rejectHunkWithReason: () =>
      this.rejectWithReason('the hunk', [hunkHere(this.rummy)].map(ofHunk)),
    acceptFile: () => this.accept(this.proposalsInFront().map(ofProposal)),
    rejectFile: () =>
      this.rejectWithReason('the changes of the file', this.proposalsInFront().map(ofProposal)),
    acceptRun: async (argument) => this.accept(await this.allOfRun(argument)),
    rejectRun: async (argument) =>
      this.rejectWithReason('all of the run', await this.allOfRun(argument)),
    acceptAll: () => this.acceptAll(),
    rejectAll: () => this.rejectWithReason('all proposals', this.allChanges()),
    acceptProposal: (node) => this.accept([this.named(node)]),
    rejectProposal: (node) => this.rejectWithReason('the proposal', [this.named(node)]),
    rejectWithComment: (reply) => this.comments.reject(reply as vscode.CommentReply),
    nextHunk: () => this.go('next'),
    previousHunk: () => this.go('previous'),
    diff: (node) => this.openDiff(node),
    openProposal: (node) => this.open(node),
    review: async (argument) => this.review(argument),
    answer: (node) => this.answer(node),
    reviewCommand: (node) => this.reviewCommand(node),
    undo: (argument) => this.undo(argument, false),
    undoRun: (argument) => this.undo(argument, true),
  };

  /** The Diff of a code lens: the server would only answer with the texts. */
  readonly interceptors: ReadonlyMap<string, Interceptor> = new Map([
    ['rummy.diff', (params) => this.openDiff({ ...params, kind: 'proposal' })],
  ]);

  private accept(decisions: readonly Decision[]): Promise<void> {
    // What cannot be accepted the server shows by itself.
    return each(decisions, (decision) => this.rummy.request('accept', decision));
  }

  private reject(decisions: readonly Decision[], reason?: string): Promise<void> {
    const why = reason === undefined ? {} : { reason };
    return each(decisions, (decision) => this.rummy.request('reject', { ...decision, ...why }));
  }

  private async rejectWithReason(what: string, decisions: readonly Decision[]): Promise<void> {
    const reason = await askReason(what);
    if (reason !== null) {
      await this.reject(decisions, reason);
    }
  }

  private async acceptAll(): Promise<void> {
    const decisions = this.allChanges();
    const runs = new Set(decisions.map(({ run }) => run)).size;
    const isFine = runs < 2 || (await isSure(`Accept what ${runs} runs propose?`, 'Accept All'));
    if (isFine) {
      await this.accept(decisions);
    }
  }

  /** All changes of files. A command and a question each want a word of their own. */
  private allChanges(): Decision[] {
    return this.rummy.proposals().filter(isChange).map(ofProposal);
  }

  private async allOfRun(argument: unknown): Promise<Decision[]> {
    const inFront = argument instanceof vscode.Uri ? undefined : argument;
    const run = await this.proposingRun(inFront ?? reviewInFront(), 'Which run?');
    return run ? this.rummy.proposals(run.alias).filter(isChange).map(ofProposal) : [];
  }

  private proposingRun(argument: unknown, placeHolder: string): Promise<Run | undefined> {
    return runFor(this.rummy, argument, placeHolder, ({ proposals }) => proposals.some(isChange));
  }

  /** What is pending on the file in front, or what the diff in front shows. */
  private proposalsInFront(): Proposal[] {
    const shown = diffInFront();
    const editor = vscode.window.activeTextEditor;
    const found = shown
      ? [proposalOf(this.rummy, shown)].filter((proposal) => proposal !== undefined)
      : editor
        ? proposalsOn(this.rummy, editor.document)
        : [];
    if (found.length === 0) {
      throw new Error('Nothing is proposed for this file.');
    }
    return found;
  }

  private named(node: unknown): Decision {
    if (!isNode(node) || !('path' in node)) {
      throw new Error('This command belongs to an item of the view Proposals.');
    }
    const { run, path } = node;
    return node.kind === 'hunk' ? { run, path, hunks: [node.hunk] } : { run, path };
  }

  private async go(direction: 'next' | 'previous'): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const line = editor?.selection.active.line ?? 0;
    const found = editor && neighbour(hunksOf(this.rummy, editor.document), line, direction);
    if (!found) {
      throw new Error('Nothing is proposed for this file.');
    }
    reveal(editor, found.first);
  }

  private async openDiff(node: unknown): Promise<void> {
    if (isNode(node) && 'path' in node) {
      const proposal = proposalOf(this.rummy, node);
      await (proposal ? this.diffs.open(proposal) : this.diffs.openDecided(node.run, node.path));
      return;
    }
    const [proposal] = this.proposalsInFront();
    if (proposal) {
      await this.diffs.open(proposal);
    }
  }

  /** Shows a proposal where it is best decided on. */
  private async open(node: unknown): Promise<void> {
    const proposal = isNode(node) && 'path' in node ? proposalOf(this.rummy, node) : undefined;
    if (!proposal) {
      throw new Error('It has been decided on meanwhile.');
    }
    if (proposal.kind === 'question') {
      await answer(this.rummy, proposal);
    } else if (proposal.kind === 'command') {
      await reviewCommand(this.rummy, proposal);
    } else if (proposal.kind !== 'edit' || proposal.uri === null || proposal.conflict) {
      await this.diffs.open(proposal);
    } else {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(proposal.uri));
      const editor = await vscode.window.showTextDocument(document, { preview: true });
      const id = isNode(node) && node.kind === 'hunk' ? node.hunk : proposal.hunks[0]?.id;
      const here = hunksOf(this.rummy, document).find(
        (placed) => placed.proposal.path === proposal.path && placed.hunk.id === id,
      );
      reveal(editor, here?.first ?? 0);
    }
  }

  private async review(argument: unknown): Promise<void> {
    const run = await this.proposingRun(argument, 'Review which run?');
    if (run) {
      await this.diffs.review(run.alias);
    }
  }

  private async answer(node: unknown): Promise<void> {
    const proposal = await this.waiting(node, 'question', 'No question waits for an answer.');
    if (proposal) {
      await answer(this.rummy, proposal);
    }
  }

  private async reviewCommand(node: unknown): Promise<void> {
    const proposal = await this.waiting(node, 'command', 'No command waits.');
    if (proposal) {
      await reviewCommand(this.rummy, proposal);
    }
  }

  /** The proposal of a tree's element, else the only one of the kind, else the picked one. */
  private async waiting(
    node: unknown,
    kind: ProposalKind,
    none: string,
  ): Promise<Proposal | undefined> {
    if (isNode(node) && 'path' in node) {
      return proposalOf(this.rummy, node);
    }
    const waiting = this.rummy.proposals().filter((proposal) => proposal.kind === kind);
    if (waiting.length === 0) {
      throw new Error(none);
    }
    if (waiting.length === 1) {
      return waiting[0];
    }
    const items = waiting.map((proposal) => ({
      label: proposal.command ?? proposal.question ?? proposal.title,
      description: proposal.run,
      proposal,
    }));
    return (await choose(items))?.proposal;
  }

  private async undo(argument: unknown, all: boolean): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Undo the changes of which run?');
    if (!run) {
      return;
    }
    const question = `Undo all accepted changes of ${run.alias}?`;
    if (all && !(await isSure(question, 'Undo All', 'What you have written since stays.'))) {
      return;
    }
    const params = all ? { run: run.alias, all } : { run: run.alias };
    const { undone, failed } = await this.rummy.request('undo', params);
    if (failed.length > 0) {
      const reasons = failed.map(({ reason }) => reason).join('; ');
      throw new Error(`Not undone: ${reasons}`);
    }
    if (undone.length === 0) {
      void inform(`Rummy: ${run.alias} has no accepted change to undo.`);
    }
  }
}

/** One after the other. One that fails does not keep back those behind it; its error comes last. */
async function each<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const item of items) {
    await action(item).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) {
    throw new Error(errors.map(messageOf).join(' '));
  }
}

function ofProposal({ run, path }: Proposal): Decision {
  return { run, path };
}

function ofHunk({ proposal: { run, path }, hunk }: PlacedHunk): Decision {
  return { run, path, hunks: [hunk.id] };
}

function hunkHere(rummy: Rummy): PlacedHunk {
  const editor = vscode.window.activeTextEditor;
  const here = editor && hunkAt(hunksOf(rummy, editor.document), editor.selection.active.line);
  if (!here) {
    throw new Error('There is no proposed hunk on this line.');
  }
  return here;
}

function reveal(editor: vscode.TextEditor, line: number): void {
  const at = new vscode.Position(line, 0);
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(
    new vscode.Range(at, at),
    vscode.TextEditorRevealType.InCenterIfOutsideViewport,
  );
}
