/**
 * What is done with a run as a whole, and with its entries: choose, read, rename, delete.
 */

import * as vscode from 'vscode';
import { aliasComplaint } from '../model/entries';
import { isActive } from '../model/labels';
import type { Visibility } from '../protocol';
import type { Rummy } from '../rummy';
import { uriOf } from '../review/entryfiles';
import type { MemoryView } from '../views/memory';
import type { EntryNode } from '../views/nodes';
import { isNode } from '../views/nodes';
import { isSure, pickRun, runFor } from './pick';
import type { Command } from './register';

export class Runs {
  constructor(
    private readonly rummy: Rummy,
    private readonly memory: MemoryView,
  ) {}

  readonly commands: Readonly<Record<string, Command>> = {
    refresh: () => this.refresh(),
    selectRun: () => this.select(),
    openTranscript: (argument) => this.openTranscript(argument),
    showEntries: (argument) => this.showEntries(argument),
    rename: (argument) => this.rename(argument),
    deleteRun: (argument) => this.remove(argument),
    openEntry: (node) => this.openEntry(entryIn(node)),
    showToModel: (node) => this.setVisibility(entryIn(node), 'visible'),
    putAway: (node) => this.setVisibility(entryIn(node), 'archived'),
    removeEntry: (node) => this.removeEntry(entryIn(node)),
  };

  private async refresh(): Promise<void> {
    await this.rummy.refresh();
    this.memory.reload();
  }

  private async select(): Promise<void> {
    const run = await pickRun(this.rummy.runs(), 'The run whose entries Memory shows');
    if (run) {
      this.rummy.select(run.alias);
    }
  }

  private async openTranscript(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'The transcript of which run?');
    if (run) {
      await vscode.window.showTextDocument(uriOf(run.alias), { preview: false });
    }
  }

  private async showEntries(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'The entries of which run?');
    if (run) {
      this.rummy.select(run.alias);
      await vscode.commands.executeCommand('rummy.memory.focus');
    }
  }

  private async rename(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Rename which run?');
    const name =
      run &&
      (await vscode.window.showInputBox({
        title: `Rummy: Rename ${run.alias}`,
        value: run.alias,
        ignoreFocusOut: true,
        validateInput: aliasComplaint,
      }));
    if (run && name !== undefined && name !== run.alias) {
      const wasOpen = isOpen(run.alias);
      await this.rummy.request('rename', { run: run.alias, name });
      await this.rummy.refresh();
      this.rummy.select(name);
      if (wasOpen) {
        await vscode.commands.executeCommand('rummy.ui.openRun', {
          run: name,
          preserveFocus: true,
        });
      }
    }
  }

  private async remove(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Delete which run?', (any) => !isActive(any));
    const detail = 'Its entries and what it proposes go with it. Files stay as they are.';
    if (run && (await isSure(`Delete the run ${run.alias}?`, 'Delete', detail))) {
      await this.rummy.request('deleteRun', { run: run.alias });
      await this.rummy.refresh();
    }
  }

  private async openEntry({ run, path }: EntryNode): Promise<void> {
    await vscode.window.showTextDocument(uriOf(run, path), { preview: true });
  }

  private async setVisibility({ run, path }: EntryNode, visibility: Visibility): Promise<void> {
    await this.rummy.request('get', { run, path, visibility });
    this.memory.reload();
  }

  private async removeEntry({ run, path }: EntryNode): Promise<void> {
    if (await isSure(`Remove ${path} from ${run}?`, 'Remove')) {
      await this.rummy.request('rm', { run, path });
      this.memory.reload();
    }
  }
}

/** Whether the run has a panel. */
function isOpen(alias: string): boolean {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  return tabs.some(
    ({ input, label }) => input instanceof vscode.TabInputWebview && label === alias,
  );
}

function entryIn(node: unknown): EntryNode {
  if (!isNode(node) || node.kind !== 'entry') {
    throw new Error('This command belongs to an item of the view Memory.');
  }
  return node;
}
