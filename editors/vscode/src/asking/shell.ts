/**
 * Deciding on a command of the model's, in a modal that shows the exact line and where it would run.
 */

import * as vscode from 'vscode';
import { allowing } from '../model/labels';
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
  const folder = folderOf(rummy, run);
  const pattern = allowing(command);
  const choices = pattern === undefined ? [RUN, REJECT] : [RUN, ALWAYS, REJECT];
  const chosen = await vscode.window.showWarningMessage(
    `Run this command for ${run}?`,
    { modal: true, detail: `${command}\n\nin ${folder?.uri.fsPath ?? 'the workspace folder'}` },
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
