/**
 * Proposals in VS Code's own diff editors: a file's, and a run's in one editor. The sides come from
 * `rummy/diff`, as read-only documents named by the file that they are about, so that each has its
 * language.
 */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { Throttle } from '../model/throttle';
import type { Proposal } from '../protocol';
import { isChange } from '../protocol';
import type { Rummy } from '../rummy';

export const DIFF_SCHEME = 'rummy-diff';

type Side = 'before' | 'after';

interface Name {
  readonly run: string;
  readonly path: string;
  readonly side: Side;
}

/** How often an open diff follows the text. */
const INTERVAL_MS = 200;

function sideUri(proposal: Proposal, side: Side): vscode.Uri {
  const file = side === 'after' ? (proposal.to ?? proposal.target) : proposal.target;
  const name: Name = { run: proposal.run, path: proposal.path, side };
  return vscode.Uri.from({
    scheme: DIFF_SCHEME,
    path: `/${file ?? ''}`,
    query: JSON.stringify(name),
  });
}

/** The proposal that a diff's document is about. */
export function proposalIn(uri: vscode.Uri | undefined): { run: string; path: string } | undefined {
  return uri?.scheme === DIFF_SCHEME ? (JSON.parse(uri.query) as Name) : undefined;
}

/** The proposal whose diff a tab shows. */
export function shownIn(tab: vscode.Tab | undefined): { run: string; path: string } | undefined {
  return tab?.input instanceof vscode.TabInputTextDiff ? proposalIn(tab.input.modified) : undefined;
}

export class Diffs implements vscode.TextDocumentContentProvider, vscode.Disposable {
  /** What a side showed last: it stays when the proposal is decided. */
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly dirty = new Set<string>();
  /** The changes that were pending when it was looked last, by run. */
  private readonly seen = new Map<string, ReadonlySet<string>>();
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.flush());
  private readonly disposables: vscode.Disposable[];

  readonly onDidChange = this.changed.event;

  constructor(private readonly rummy: Rummy) {
    this.disposables = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(DIFF_SCHEME, this),
      rummy.onDidChangeProposals(({ run }) => {
        this.dirty.add(run);
        this.throttle.call();
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.texts.delete(uri.toString())),
    ];
  }

  private flush(): void {
    for (const run of this.dirty) {
      void this.closeDecided(run);
    }
    for (const { uri } of vscode.workspace.textDocuments) {
      const name = proposalIn(uri);
      if (name && this.dirty.has(name.run)) {
        this.changed.fire(uri);
      }
    }
    this.dirty.clear();
  }

  /** Closes the diffs of what was decided since the last look: there is nothing to compare any more. */
  private async closeDecided(run: string): Promise<void> {
    const before = this.seen.get(run) ?? new Set();
    const pending = new Set(
      this.rummy
        .proposals(run)
        .filter(isChange)
        .map(({ path: of }) => of),
    );
    this.seen.set(run, pending);
    const isDecided = (of: string): boolean => before.has(of) && !pending.has(of);
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const done = tabs.filter((tab) => {
      const shown = shownIn(tab);
      return shown
        ? shown.run === run && isDecided(shown.path)
        : reviewedIn(tab) === run && before.size > 0 && pending.size === 0;
    });
    if (done.length > 0) {
      await vscode.window.tabGroups.close(done, true);
    }
  }

  async provideTextDocumentContent(
    uri: vscode.Uri,
    token: vscode.CancellationToken,
  ): Promise<string> {
    const { run, path: of, side } = JSON.parse(uri.query) as Name;
    try {
      const diff = await this.rummy.request('diff', { run, path: of }, token);
      // There is no such file on this side: before it is made, after it is deleted.
      this.texts.set(uri.toString(), diff[side] ?? '');
    } catch (error) {
      if (!this.texts.has(uri.toString())) {
        throw error;
      }
    }
    return this.texts.get(uri.toString()) as string;
  }

  /** The file as it is now beside the file as proposed. */
  private sides(proposal: Proposal): { left: vscode.Uri; right: vscode.Uri } {
    const isThere = proposal.kind !== 'create' && proposal.uri !== null;
    return {
      left: isThere ? vscode.Uri.parse(proposal.uri) : sideUri(proposal, 'before'),
      right: sideUri(proposal, 'after'),
    };
  }

  async open(proposal: Proposal): Promise<void> {
    const { left, right } = this.sides(proposal);
    const file = path.posix.basename(proposal.to ?? proposal.target ?? proposal.title);
    const title = `${file} (${proposal.run}, proposed)`;
    await vscode.commands.executeCommand('vscode.diff', left, right, title, { preview: true });
  }

  /** What was accepted of a run: what it replaced beside what it is. */
  async openDecided(run: string, of: string): Promise<void> {
    const diff = await this.rummy.request('diff', { run, path: of });
    const target = vscode.workspace.asRelativePath(vscode.Uri.parse(diff.uri), false);
    const side = (name: Side): vscode.Uri =>
      vscode.Uri.from({
        scheme: DIFF_SCHEME,
        path: `/${target}`,
        query: JSON.stringify({ run, path: of, side: name }),
      });
    const title = `${path.posix.basename(target)} (${run})`;
    await vscode.commands.executeCommand('vscode.diff', side('before'), side('after'), title);
  }

  /** All files that a run proposes to change, one below the other. */
  async review(run: string): Promise<void> {
    const files = this.rummy.proposals(run).filter(isChange);
    if (files.length === 0) {
      throw new Error(`${run} proposes no changes of files.`);
    }
    // Both sides have the same path, or the editor would take the file for renamed.
    const resources = files.map((proposal) => [
      vscode.Uri.parse(proposal.toUri ?? proposal.uri ?? ''),
      proposal.kind === 'create' ? undefined : sideUri(proposal, 'before'),
      proposal.kind === 'delete' ? undefined : sideUri(proposal, 'after'),
    ]);
    await vscode.commands.executeCommand('vscode.changes', reviewTitle(run), resources);
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** VS Code adds how many files there are. */
const REVIEW = /^Rummy: (\S+) \(proposed changes\)/;

function reviewTitle(run: string): string {
  return `Rummy: ${run} (proposed changes)`;
}

/** The run that the editor of a tab reviews. Only its title tells: VS Code gives such tabs no input. */
export function reviewedIn(tab: vscode.Tab | undefined): string | undefined {
  return tab && REVIEW.exec(tab.label)?.[1];
}
