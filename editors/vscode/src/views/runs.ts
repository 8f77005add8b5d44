/**
 * The view Runs: every run of the window's folders, the newest first, with its status.
 */

import * as vscode from 'vscode';
import { isActive, runText, statusText } from '../model/labels';
import { Throttle } from '../model/throttle';
import type { Status } from '../protocol';
import type { Rummy, Run } from '../rummy';
import type { RunNode } from './nodes';

/** How often the view may change while runs are at work. */
const INTERVAL_MS = 200;

const GREEN = new vscode.ThemeColor('testing.iconPassed');
const RED = new vscode.ThemeColor('list.errorForeground');
const YELLOW = new vscode.ThemeColor('list.warningForeground');

const ICONS: Record<Status, vscode.ThemeIcon> = {
  100: new vscode.ThemeIcon('clock'),
  102: new vscode.ThemeIcon('loading~spin'),
  200: new vscode.ThemeIcon('check', GREEN),
  202: new vscode.ThemeIcon('bell-dot', YELLOW),
  204: new vscode.ThemeIcon('check', GREEN),
  413: new vscode.ThemeIcon('error', RED),
  422: new vscode.ThemeIcon('warning', YELLOW),
  499: new vscode.ThemeIcon('circle-slash'),
  500: new vscode.ThemeIcon('error', RED),
};

export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly nodes = new Map<string, RunNode>();
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  private readonly dirty = new Set<string>();
  private order = '';
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.flush());
  private readonly disposables: vscode.Disposable[];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly rummy: Rummy) {
    const tree = vscode.window.createTreeView('rummy.runs', { treeDataProvider: this });
    const touch = (alias: string): void => {
      this.dirty.add(alias);
      this.throttle.call();
    };
    this.disposables = [
      tree,
      this.changed,
      tree.onDidChangeSelection(({ selection: [node] }) => {
        if (node) {
          rummy.select(node.run);
        }
      }),
      rummy.onDidChangeRun((run) => touch(run.alias)),
      rummy.onDidReceiveProgress(({ run }) => touch(run)),
      rummy.onDidChangeProposals(({ run }) => touch(run)),
      rummy.onDidRemoveRun((alias) => {
        this.nodes.delete(alias);
        touch(alias);
      }),
    ];
  }

  /** Draws only what has changed, so that nothing moves that need not. */
  private flush(): void {
    const order = this.rummy
      .runs()
      .map((run) => run.alias)
      .join('\n');
    if (order !== this.order) {
      this.order = order;
      this.changed.fire(undefined);
    } else {
      for (const alias of this.dirty) {
        this.changed.fire(this.nodes.get(alias));
      }
    }
    this.dirty.clear();
  }

  getChildren(parent?: RunNode): RunNode[] {
    return parent ? [] : this.rummy.runs().map((run) => this.node(run.alias));
  }

  getParent(): undefined {
    return undefined;
  }

  private node(alias: string): RunNode {
    const node = this.nodes.get(alias) ?? { kind: 'run', run: alias };
    this.nodes.set(alias, node);
    return node;
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    const item = new vscode.TreeItem(node.run);
    item.id = node.run;
    const run = this.rummy.run(node.run);
    if (!run) {
      return item;
    }
    item.description = this.description(run);
    item.iconPath =
      run.status === undefined ? new vscode.ThemeIcon('circle-outline') : ICONS[run.status];
    item.tooltip = tooltip(run);
    item.contextValue = contextValue(run);
    item.accessibilityInformation = { label: `Run ${run.alias}, ${runText(run)}` };
    item.command = {
      title: 'Open Run',
      command: 'rummy.ui.openRun',
      arguments: [{ run: run.alias }],
    };
    return item;
  }

  private description(run: Run): string {
    const folders = this.rummy.workspaces();
    const folder = folders.find(({ uri }) => uri.toString() === run.workspace);
    return folder && folders.length > 1 ? `${runText(run)} · ${folder.name}` : runText(run);
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function contextValue(run: Run): string {
  const values = ['run', isActive(run) ? 'active' : 'ended'];
  if (run.proposals.length > 0) {
    values.push('pending');
  }
  return values.join(' ');
}

function tooltip(run: Run): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown('**').appendText(run.alias).appendMarkdown('**  \n');
  const facts = [statusText(run), run.mode, run.model, run.phase].filter(
    (fact) => fact !== undefined,
  );
  text.appendText(facts.join(' · '));
  if (run.parent !== undefined) {
    text.appendMarkdown('  \n').appendText(`a fork of ${run.parent}`);
  }
  if (run.created !== undefined) {
    text.appendMarkdown('  \n').appendText(new Date(run.created).toLocaleString());
  }
  if (run.summary !== '') {
    text.appendMarkdown('\n\n').appendText(run.summary);
  }
  return text;
}
