/**
 * The view Proposals: what is pending, by run, file and hunk, and the badge with its number.
 */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { counts, countsText, linesOf, preview } from '../model/hunks';
import { Throttle } from '../model/throttle';
import type { Hunk, Proposal, ProposalKind } from '../protocol';
import type { Rummy } from '../rummy';
import type { HunkNode, ProposalNode, RunNode } from './nodes';
import { hunkOf, proposalOf } from './nodes';

const INTERVAL_MS = 200;

type Node = RunNode | ProposalNode | HunkNode;

/** The icons of what is no file that is there already. */
const ICONS: Partial<Record<ProposalKind, string>> = {
  command: 'terminal',
  question: 'question',
};

const VERBS: Record<ProposalKind, string> = {
  edit: '',
  create: 'new file',
  delete: 'deleted',
  rename: 'renamed',
  copy: 'copied',
  command: 'command',
  question: 'question',
};

export class ProposalsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly tree: vscode.TreeView<Node>;
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.show());
  private readonly disposables: vscode.Disposable[];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly rummy: Rummy) {
    this.tree = vscode.window.createTreeView<Node>('rummy.proposals', { treeDataProvider: this });
    const call = (): void => this.throttle.call();
    this.disposables = [
      this.tree,
      this.changed,
      rummy.onDidChangeProposals(call),
      rummy.onDidRemoveRun(call),
    ];
  }

  private show(): void {
    const pending = this.rummy.proposals().length;
    const tooltip = pending === 1 ? '1 pending proposal' : `${pending} pending proposals`;
    this.tree.badge = pending > 0 ? { value: pending, tooltip } : undefined;
    this.changed.fire(undefined);
  }

  getChildren(parent?: Node): Node[] {
    if (!parent) {
      return this.rummy
        .runs()
        .filter((run) => run.proposals.length > 0)
        .map((run) => ({ kind: 'run', run: run.alias }));
    }
    if (parent.kind === 'run') {
      const { run } = parent;
      return this.rummy.proposals(run).map(({ path: of }) => ({ kind: 'proposal', run, path: of }));
    }
    if (parent.kind === 'proposal') {
      const hunks = proposalOf(this.rummy, parent)?.hunks ?? [];
      // One that is all of its proposal says nothing more.
      return hunks.length < 2 ? [] : hunks.map(({ id }) => ({ ...parent, kind: 'hunk', hunk: id }));
    }
    return [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = this.itemOf(node) ?? new vscode.TreeItem('');
    item.id = [node.run, 'path' in node ? node.path : '', 'hunk' in node ? node.hunk : ''].join(
      '\n',
    );
    return item;
  }

  private itemOf(node: Node): vscode.TreeItem | undefined {
    if (node.kind === 'run') {
      const item = new vscode.TreeItem(node.run, vscode.TreeItemCollapsibleState.Expanded);
      item.description = pendingText(this.rummy.proposals(node.run));
      item.iconPath = new vscode.ThemeIcon('sparkle');
      item.contextValue = 'run';
      return item;
    }
    const proposal = proposalOf(this.rummy, node);
    if (node.kind === 'proposal') {
      return proposal && proposalItem(node, proposal);
    }
    const hunk = hunkOf(this.rummy, node);
    return proposal && hunk && hunkItem(node, proposal, hunk);
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** `3 pending · +5 −3`. */
function pendingText(proposals: readonly Proposal[]): string {
  const hunks = proposals.flatMap((proposal) => proposal.hunks);
  const lines = hunks.length > 0 ? ` · ${countsText(counts(hunks))}` : '';
  return `${proposals.length} pending${lines}`;
}

function proposalItem(node: ProposalNode, proposal: Proposal): vscode.TreeItem {
  const file = proposal.toUri ?? proposal.uri;
  const item = new vscode.TreeItem(
    file === null
      ? (proposal.command ?? proposal.question ?? proposal.title)
      : path.posix.basename(proposal.to ?? proposal.target ?? ''),
    proposal.hunks.length < 2
      ? vscode.TreeItemCollapsibleState.None
      : vscode.TreeItemCollapsibleState.Collapsed,
  );
  const isFile = proposal.kind !== 'command' && proposal.kind !== 'question';
  if (isFile && file !== null) {
    item.resourceUri = vscode.Uri.parse(file);
  }
  item.iconPath = icon(proposal);
  item.description = isFile ? fileDescription(proposal) : VERBS[proposal.kind];
  item.tooltip = tooltip(proposal);
  item.contextValue = isFile ? 'change' : proposal.kind;
  item.accessibilityInformation = { label: `${proposal.title}${troubles(proposal)}` };
  item.command = { title: 'Open', command: 'rummy.ui.openProposal', arguments: [node] };
  return item;
}

function icon(proposal: Proposal): vscode.ThemeIcon {
  if (proposal.conflict) {
    return new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  }
  const named = ICONS[proposal.kind];
  return named === undefined ? vscode.ThemeIcon.File : new vscode.ThemeIcon(named);
}

function fileDescription(proposal: Proposal): string {
  const folder = path.posix.dirname(proposal.to ?? proposal.target ?? '');
  const hasLines = proposal.kind !== 'rename' && proposal.kind !== 'copy';
  const parts = [
    hasLines ? countsText(counts(proposal.hunks)) : `from ${proposal.target ?? ''}`,
    VERBS[proposal.kind],
    proposal.conflict ? 'conflict' : '',
    folder === '.' ? '' : folder,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function troubles(proposal: Proposal): string {
  if (proposal.conflict) {
    return ', in conflict with the text as it is now';
  }
  return proposal.overlaps.length > 0
    ? `, overlaps with ${proposal.overlaps.map(({ run }) => run).join(', ')}`
    : '';
}

function tooltip(proposal: Proposal): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const title = `${proposal.title}${troubles(proposal)}`;
  text.appendText(
    proposal.model === null ? title : `${title}\n${proposal.model}, turn ${proposal.turn}`,
  );
  if (proposal.command !== null) {
    text.appendCodeblock(proposal.command, 'shellscript');
  }
  if (proposal.question !== null) {
    text.appendMarkdown('\n\n').appendText(proposal.question);
  }
  return text;
}

function hunkItem(node: HunkNode, proposal: Proposal, hunk: Hunk): vscode.TreeItem {
  const first = hunk.range.start.line + 1;
  const last = first + Math.max(linesOf(hunk.removed).length, 1) - 1;
  const item = new vscode.TreeItem(first === last ? `Line ${first}` : `Lines ${first}–${last}`);
  item.description = `${countsText(counts([hunk]))} · ${preview(hunk, 60) || 'removed'}`;
  item.iconPath = new vscode.ThemeIcon('diff');
  item.tooltip = new vscode.MarkdownString().appendCodeblock(
    [
      ...linesOf(hunk.removed).map((line) => `-${line}`),
      ...linesOf(hunk.added).map((line) => `+${line}`),
    ].join('\n'),
    'diff',
  );
  item.contextValue = 'hunk';
  item.accessibilityInformation = {
    label: `${item.label as string} of ${proposal.target ?? ''}, ${item.description}`,
  };
  item.command = { title: 'Open', command: 'rummy.ui.openProposal', arguments: [node] };
  return item;
}
