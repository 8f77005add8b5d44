/**
 * Deciding on a command of the model's, in a modal that shows the exact line and where it would run.
 */

import * as vscode from 'vscode';
import { allowing, shortened, visible } from '../model/shell';
import type { Proposal } from '../protocol';
import type { Rummy } from '../rummy';
import { SECTION, setting } from '../server/settings';

const RUN = 'Run';
const ALWAYS = 'Always Allow in This Workspace';
const REJECT = 'Reject';

export async function reviewCommand(rummy: Rummy, proposal: Proposal): Promise<void> {
  const { run, path, command } = proposal;
  if (command === null) {
    throw new Error(`${path} is no command.`);
  }
  const place = folderOf(rummy, run)?.uri.fsPath ?? 'the workspace folder';
  const pattern = allowing(command);
  const { text, isCut } = shortened(visible(command));
  if (isCut) {
    await showWhole(command);
  }
  const choices = pattern === undefined ? [RUN, REJECT] : [RUN, ALWAYS, REJECT];
  const chosen = await vscode.window.showWarningMessage(
    `Run this command for ${run}?`,
    {
      modal: true,
      detail: `${isCut ? `${text}…\n\n(all of it is in the editor behind this)` : text}\n\nin ${place}`,
    },
    ...choices,
  );
  if (chosen === REJECT) {
    await rummy.request('reject', { run, path });
  } else if (chosen !== undefined) {
    if (chosen === ALWAYS && pattern !== undefined) {
      await allow(pattern);
    }
    await rummy.request('accept', { run, path });
  }
}

/** Shows a command that is too long for a dialog. */
async function showWhole(command: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument({
    language: 'shellscript',
    content: visible(command),
  });
  await vscode.window.showTextDocument(document, { preview: true });
}

function folderOf(rummy: Rummy, alias: string): vscode.WorkspaceFolder | undefined {
  const workspace = rummy.run(alias)?.workspace;
  return rummy.workspaces().find(({ uri }) => uri.toString() === workspace);
}

async function allow(pattern: string): Promise<void> {
  const allowed = setting<string[]>('commands.allow');
  if (!allowed.includes(pattern)) {
    await vscode.workspace
      .getConfiguration(SECTION)
      .update('commands.allow', [...allowed, pattern], vscode.ConfigurationTarget.Workspace);
  }
}
