/**
 * A comment on a hunk: what the user writes there becomes the reason of the hunk's rejection, which the
 * model is told.
 */

import * as vscode from 'vscode';
import { hunkAt } from '../model/hunks';
import { Throttle } from '../model/throttle';
import type { Rummy } from '../rummy';
import { setting } from '../server/settings';
import { hunksOf } from './editors';

const INTERVAL_MS = 300;

export class HunkComments implements vscode.CommentingRangeProvider, vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController('rummy', 'Rummy');
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.offer());
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly rummy: Rummy) {
    this.controller.options = {
      prompt: 'Why not? The model is told.',
      placeHolder: 'The reason of the rejection',
    };
    this.disposables = [
      this.controller,
      rummy.onDidChangeProposals(() => this.throttle.call()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('rummy.comments')) {
          this.throttle.call();
        }
      }),
    ];
  }

  /** To set the provider anew is the way to have VS Code ask for the ranges again. */
  private offer(): void {
    if (setting<boolean>('comments')) {
      this.controller.commentingRangeProvider = this;
    } else {
      // Declared without undefined, and taken so.
      delete (this.controller as { commentingRangeProvider?: vscode.CommentingRangeProvider })
        .commentingRangeProvider;
    }
  }

  provideCommentingRanges(document: vscode.TextDocument): vscode.Range[] {
    return hunksOf(this.rummy, document).map(
      ({ first, last }) => new vscode.Range(first, 0, last, 0),
    );
  }

  /** Rejects the hunk that a comment stands at. */
  async reject({ thread, text }: vscode.CommentReply): Promise<void> {
    const document = await vscode.workspace.openTextDocument(thread.uri);
    const here = hunkAt(hunksOf(this.rummy, document), thread.range?.end.line ?? 0);
    if (!here) {
      throw new Error('There is no hunk at this comment any more.');
    }
    const { run, path } = here.proposal;
    await this.rummy.request('reject', { run, path, hunks: [here.hunk.id], reason: text });
    thread.dispose();
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
