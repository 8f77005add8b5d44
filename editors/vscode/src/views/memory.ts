/**
 * The view Memory: the entries of the chosen run by scheme, and whether the model sees them.
 */

import * as vscode from 'vscode';
import { compareSchemes, entryLabel, isWritable } from '../model/entries';
import { Throttle } from '../model/throttle';
import type { EntryRow, Visibility } from '../protocol';
import type { Rummy, Run } from '../rummy';
import type { EntryNode, SchemeNode } from './nodes';

/** How often the entries of a run at work are asked for anew. */
const INTERVAL_MS = 1000;

/** How many entries of a run are listed. */
const LISTED = 2000;

const SCHEMES: Record<string, string> = {
  prompt: 'Prompts',
  known: 'Knowledge',
  unknown: 'Open questions',
  file: 'Files',
  skill: 'Skills',
  sh: 'Command output',
  env: 'Environment',
  log: 'Log',
  run: 'Run',
  http: 'Pages',
  mcp: 'Outside tools',
  system: 'Sent: instructions',
  user: 'Sent: context',
  assistant: 'Answers',
  reasoning: 'Reasoning',
  model: 'Calls',
};

const ICONS: Record<Visibility, string> = {
  visible: 'eye',
  summarized: 'note',
  archived: 'eye-closed',
};

type Node = SchemeNode | EntryNode;

export class MemoryView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly tree: vscode.TreeView<Node>;
  private readonly throttle = new Throttle(INTERVAL_MS, () => void this.load());
  private readonly disposables: vscode.Disposable[];
  private shown: string | undefined;
  private rows: readonly EntryRow[] = [];

  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly rummy: Rummy) {
    this.tree = vscode.window.createTreeView<Node>('rummy.memory', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.disposables = [
      this.tree,
      this.changed,
      this.tree.onDidChangeVisibility(() => this.reload()),
      rummy.onDidChangeSelection(() => this.reload()),
      rummy.onDidChangeRun((run) => this.runChanged(run)),
      rummy.onDidRemoveRun((alias) => {
        if (alias === this.shown) {
          this.reload();
        }
      }),
    ];
  }

  private runChanged(run: Run): void {
    if (this.tree.visible && run.alias === this.rummy.selection?.alias) {
      this.throttle.call();
    }
  }

  reload(): void {
    if (this.tree.visible) {
      this.throttle.call();
    }
  }

  private async load(): Promise<void> {
    const run = this.rummy.selection?.alias;
    const rows = run === undefined ? [] : await this.entriesOf(run);
    if (run === this.rummy.selection?.alias) {
      this.shown = run;
      this.rows = rows;
      this.tree.description = run ?? '';
      this.changed.fire(undefined);
    }
  }

  private async entriesOf(run: string): Promise<readonly EntryRow[]> {
    try {
      return await this.rummy.request('getEntries', { run, limit: LISTED });
    } catch {
      // The run was removed meanwhile, or the server is gone: there is nothing to show.
      return [];
    }
  }

  getChildren(parent?: Node): Node[] {
    const run = this.shown;
    if (run === undefined) {
      return [];
    }
    if (!parent) {
      const schemes = [...new Set(this.rows.map(({ scheme }) => scheme))].sort(compareSchemes);
      return schemes.map((scheme) => ({ kind: 'scheme', run, scheme }));
    }
    if (parent.kind === 'entry') {
      return [];
    }
    const rows = this.rows.filter(({ scheme }) => scheme === parent.scheme);
    return rows.map(({ path }) => ({ kind: 'entry', run, path }));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === 'scheme' ? this.schemeItem(node) : this.entryItem(node);
  }

  private schemeItem({ run, scheme }: SchemeNode): vscode.TreeItem {
    const rows = this.rows.filter((row) => row.scheme === scheme);
    const isTelling = ['known', 'unknown', 'prompt'].includes(scheme);
    const item = new vscode.TreeItem(
      SCHEMES[scheme] ?? scheme,
      isTelling
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.Collapsed,
    );
    item.id = `${run}\n${scheme}`;
    item.description = `${rows.length}`;
    item.contextValue = 'scheme';
    return item;
  }

  private entryItem(node: EntryNode): vscode.TreeItem {
    const item = new vscode.TreeItem(entryLabel(node.path));
    item.id = `${node.run}\n${node.path}`;
    const row = this.rows.find(({ path }) => path === node.path);
    if (!row) {
      return item;
    }
    item.description = description(row);
    item.iconPath = new vscode.ThemeIcon(ICONS[row.visibility]);
    item.tooltip = `${row.path}\n${row.visibility}, ${row.tokens} tokens`;
    item.contextValue = contextValue(row);
    item.command = { title: 'Open Entry', command: 'rummy.ui.openEntry', arguments: [node] };
    return item;
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function description({ state, outcome, tokens, visibility }: EntryRow): string {
  const parts = [`${tokens} tokens`];
  if (visibility === 'summarized') {
    parts.push('summary');
  }
  if (state !== 'resolved') {
    parts.push(outcome ?? state);
  }
  return parts.join(' · ');
}

function contextValue({ path, visibility }: EntryRow): string {
  const values = ['entry', visibility === 'visible' ? 'shown' : 'hidden'];
  if (isWritable(path)) {
    values.push('removable');
  }
  return values.join(' ');
}
