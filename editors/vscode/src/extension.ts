/**
 * The extension's entry: puts the parts together and starts the server. What a part does is told where it
 * lives: `server/` the process and its client, `rummy.ts` what is known of the runs, `commands/`, `views/`,
 * `review/`, `asking/` and `panel/` what the user sees.
 */

import * as vscode from 'vscode';
import { registerRunPanel } from './panel';
import { Rummy } from './rummy';
import { Doctor } from './server/doctor';
import { Keys } from './server/keys';
import { registerStatus } from './server/status';
import { Supervisor } from './server/supervisor';

let supervisor: Supervisor | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Rummy', { log: true });
  const keys = new Keys(context.secrets);
  const server = new Supervisor(context, keys, log);
  supervisor = server;
  const rummy = new Rummy(server);
  const doctor = new Doctor(context, keys);
  server.serve(rummy.handlers, new Map());
  context.subscriptions.push(
    log,
    keys,
    server,
    rummy,
    doctor,
    registerStatus(server, rummy),
    registerRunPanel(context, rummy),
  );
  // Activation does not wait for the server.
  void server.start();
}

/** The server interrupts its runs and keeps what is proposed. */
export async function deactivate(): Promise<void> {
  await supervisor?.stop();
}
