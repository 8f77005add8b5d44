/**
 * Deciding on a command of the model's, in a modal that shows the exact line and where it would run.
 */

import * as vscode from 'vscode';
import { allowing, shortened, visible } from '../model/shell';
import type { Proposal } from '../protocol';
import type { Rummy } from '../rummy';
import { SECTION } from '../server/settings';

const RUN = 'Run';
const ALWAYS = 'Always Allow in This Workspace';
const REJECT = 'Reject';

/** The setting with the patterns of commands that run without asking. */
const ALLOWED = 'commands.allow';

export async function reviewCommand(rummy: Rummy, proposal: Proposal): Promise<void> {
  const { run, path, command } = proposal;
  if (command === null) {
    throw new Error(`${path} is no command.`);
  }
  const folder = folderOf(rummy, run);
  const place = folder?.uri.fsPath ?? 'the workspace folder';
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
      await allow(pattern, folder);
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

/** Where the folder has patterns of its own, they are what counts there. */
async function allow(pattern: string, folder: vscode.WorkspaceFolder | undefined): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION, folder?.uri ?? null);
  const allowed = configuration.get<string[]>(ALLOWED) ?? [];
  if (!allowed.includes(pattern)) {
    const isOfFolder = configuration.inspect(ALLOWED)?.workspaceFolderValue !== undefined;
    const { Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
    await configuration.update(
      ALLOWED,
      [...allowed, pattern],
      isOfFolder ? WorkspaceFolder : Workspace,
    );
  }
}
