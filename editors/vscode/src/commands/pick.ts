/**
 * Asking for what a command needs and was not given: a run, a folder, a prompt, a reason.
 */

import * as vscode from 'vscode';
import { runText } from '../model/labels';
import type { Mode } from '../protocol';
import type { Rummy, Run } from '../rummy';
import { aliasIn } from '../views/nodes';

/** A quick pick. It stays when a webview takes back the focus that it had before the command palette. */
export function choose<T extends vscode.QuickPickItem>(
  items: readonly T[],
  placeHolder?: string,
): Thenable<T | undefined> {
  const options = { ignoreFocusOut: true, matchOnDescription: true };
  return vscode.window.showQuickPick(
    items,
    placeHolder === undefined ? options : { ...options, placeHolder },
  );
}

/**
 * The run that the argument names, else the only one that fits, else the one that the user picks.
 * Undefined where the pick was dismissed.
 */
export async function runFor(
  rummy: Rummy,
  argument: unknown,
  placeHolder: string,
  fits: (run: Run) => boolean = () => true,
): Promise<Run | undefined> {
  const alias = aliasIn(argument);
  if (alias !== undefined) {
    const named = rummy.run(alias);
    if (!named) {
      throw new Error(`There is no run ${alias}.`);
    }
    return named;
  }
  const fitting = rummy.runs().filter(fits);
  if (fitting.length === 0) {
    throw new Error(`${placeHolder}: there is no such run.`);
  }
  return fitting.length === 1 ? fitting[0] : pickRun(fitting, placeHolder);
}

export async function pickRun(runs: readonly Run[], placeHolder: string): Promise<Run | undefined> {
  const items = runs.map((run) => ({
    label: run.alias,
    description: runText(run),
    detail: run.summary.split('\n')[0] ?? '',
    run,
  }));
  const picked = await choose(items, placeHolder);
  return picked?.run;
}

/** The folder that a run is to work in: that of the file in front, the only one, or the picked one. */
export async function pickFolder(rummy: Rummy): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = rummy.workspaces();
  if (folders.length === 0) {
    throw new Error('Runs work in a folder; open one first.');
  }
  const uri = vscode.window.activeTextEditor?.document.uri;
  const around = uri && vscode.workspace.getWorkspaceFolder(uri);
  return around ?? (folders.length === 1 ? folders[0] : vscode.window.showWorkspaceFolderPick());
}

const PROMPTS: Record<Mode, { title: string; placeHolder: string }> = {
  act: {
    title: 'Rummy: Act',
    placeHolder: 'What is to be done? What it changes is proposed to you',
  },
  ask: { title: 'Rummy: Ask', placeHolder: 'What do you want to know? Nothing is changed' },
};

/** The prompt, without blanks around it; undefined where there is none. */
export async function askPrompt(
  mode: Mode,
  about?: string,
  value = '',
): Promise<string | undefined> {
  const { title, placeHolder } = PROMPTS[mode];
  const prompt = await vscode.window.showInputBox({
    title: about === undefined ? title : `${title} · ${about}`,
    placeHolder,
    value,
    ignoreFocusOut: true,
  });
  const trimmed = prompt?.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** The reason of a rejection: an empty one is none. Null where the user thinks better of it. */
export async function askReason(what: string): Promise<string | undefined | null> {
  const reason = await vscode.window.showInputBox({
    title: `Rummy: Reject ${what}`,
    placeHolder: 'Why not? The model is told; Enter alone gives no reason',
    ignoreFocusOut: true,
  });
  return reason === undefined ? null : reason.trim() || undefined;
}

/** Whether the user wants that; asked in a modal. */
export async function isSure(question: string, yes: string, detail?: string): Promise<boolean> {
  const options = detail === undefined ? { modal: true } : { modal: true, detail };
  return (await vscode.window.showWarningMessage(question, options, yes)) === yes;
}
