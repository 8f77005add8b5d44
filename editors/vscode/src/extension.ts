/**
 * The extension's entry: puts the parts together and starts the server. What a part does is told where it
 * lives: `server/` the process and its client, `rummy.ts` what is known of the runs, `commands/`, `views/`,
 * `review/`, `asking/` and `panel/` what the user sees, `model/` what needs no editor.
 */

import * as vscode from 'vscode';
import { Asking } from './asking/asking';
import { Outputs } from './asking/output';
import { registerCommands } from './commands';
import { registerRunPanel } from './panel';
import { HunkComments } from './review/comments';
import { Diffs } from './review/diffs';
import { HunkEditors } from './review/editors';
import { EntryFiles } from './review/entryfiles';
import { FileMarks } from './review/marks';
import { Rummy } from './rummy';
import { followChanges } from './server/changes';
import { Doctor } from './server/doctor';
import { Keys } from './server/keys';
import { registerStatus } from './server/status';
import { Supervisor } from './server/supervisor';
import { MemoryView } from './views/memory';
import { ProposalsView } from './views/proposals';
import { RunsView } from './views/runs';

let running: Supervisor | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Rummy', { log: true });
  const keys = new Keys(context.secrets);
  const supervisor = new Supervisor(context, keys, log);
  const rummy = new Rummy(supervisor);
  const doctor = new Doctor(context, keys);
  const diffs = new Diffs(rummy);
  const comments = new HunkComments(rummy);
  const memory = new MemoryView(rummy);
  const entries = new EntryFiles(rummy);
  const commands = registerCommands({
    rummy,
    supervisor,
    doctor,
    keys,
    diffs,
    comments,
    memory,
  });
  supervisor.serve(rummy.handlers, commands.interceptors);
  context.subscriptions.push(
    log,
    keys,
    supervisor,
    rummy,
    doctor,
    diffs,
    comments,
    memory,
    entries,
    commands.disposable,
    new RunsView(rummy),
    new ProposalsView(rummy),
    new HunkEditors(rummy),
    new FileMarks(rummy),
    new Asking(rummy),
    new Outputs(rummy),
    registerRunPanel(context, rummy),
    registerStatus(supervisor, rummy),
    followChanges(supervisor, keys, rummy),
    rummy.onDidChangeProposals(() => supervisor.refreshLenses()),
    entries.onDidWrite(() => memory.reload()),
  );
  running = supervisor;
  // Activation does not wait for the server.
  void supervisor.start();
}

/** The server interrupts its runs and keeps what is proposed. */
export async function deactivate(): Promise<void> {
  await running?.stop();
}
