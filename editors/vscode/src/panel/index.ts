/**
 * The run panel: the transcript of a run as it streams, in a webview. Here panels are opened, found again
 * and restored with the window.
 */

import * as vscode from 'vscode';
import { runFor } from '../commands/pick';
import { complain } from '../notify';
import type { Rummy } from '../rummy';
import { RunPanel } from './host';

const VIEW_TYPE = 'rummy.run';

/** Registers the command `rummy.ui.openRun {run, preserveFocus?}`, which opens the panel of a run. */
export function registerRunPanel(
  context: vscode.ExtensionContext,
  rummy: Rummy,
): vscode.Disposable {
  const panels = new Panels(context.extensionUri, rummy);
  return vscode.Disposable.from(
    panels,
    vscode.commands.registerCommand('rummy.ui.openRun', (argument: unknown) =>
      panels.openFor(argument).catch(complain),
    ),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel: async (panel, state: { run?: string } | undefined) => {
        if (state?.run === undefined) {
          panel.dispose();
        } else {
          panels.adopt(panel, state.run);
        }
      },
    }),
  );
}

class Panels implements vscode.Disposable {
  private readonly open = new Map<string, RunPanel>();
  private readonly removed: vscode.Disposable;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly rummy: Rummy,
  ) {
    this.removed = rummy.onDidRemoveRun((alias) => this.closeUnlessKnown(alias));
  }

  async openFor(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Open which run?');
    if (!run) {
      return;
    }
    this.rummy.select(run.alias);
    const preserveFocus = isAside(argument);
    const panel = this.open.get(run.alias);
    if (panel) {
      panel.reveal(preserveFocus);
      return;
    }
    const viewColumn = preserveFocus ? this.aside() : vscode.ViewColumn.Active;
    const options = { enableFindWidget: true };
    this.adopt(
      vscode.window.createWebviewPanel(
        VIEW_TYPE,
        run.alias,
        { viewColumn, preserveFocus },
        options,
      ),
      run.alias,
    );
  }

  /** Where a panel does not cover what is being worked on: with the others, else beside. */
  private aside(): vscode.ViewColumn {
    const columns = [...this.open.values()].map(({ column }) => column);
    return columns.find((column) => column !== undefined) ?? vscode.ViewColumn.Beside;
  }

  adopt(webview: vscode.WebviewPanel, alias: string): void {
    const panel = new RunPanel(this.extension, this.rummy, alias, webview);
    this.open.set(alias, panel);
    panel.onDidDispose(() => {
      this.open.delete(alias);
      panel.dispose();
    });
  }

  private closeUnlessKnown(alias: string): void {
    if (this.rummy.isRunning && !this.rummy.run(alias)) {
      this.open.get(alias)?.close();
    }
  }

  dispose(): void {
    this.removed.dispose();
    this.open.forEach((panel) => panel.dispose());
  }
}

/** Whether the panel is to leave the focus where it is. */
function isAside(argument: unknown): boolean {
  return (
    typeof argument === 'object' &&
    argument !== null &&
    'preserveFocus' in argument &&
    argument.preserveFocus === true
  );
}
