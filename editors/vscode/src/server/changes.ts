/**
 * What is done when settings, keys or folders change while the server runs.
 */

import * as vscode from 'vscode';
import { EDITOR_KEYS, RESTART_KEYS, SERVER_KEYS } from '../model/settings';
import type { Rummy } from '../rummy';
import type { Keys } from './keys';
import { SECTION } from './settings';
import type { Supervisor } from './supervisor';

export function followChanges(supervisor: Supervisor, keys: Keys, rummy: Rummy): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => settingsChanged(event, supervisor)),
    keys.onDidChange(() => void supervisor.settingsChanged()),
    // The client tells the server of the folders by itself.
    vscode.workspace.onDidChangeWorkspaceFolders(() => void rummy.refresh().catch(() => undefined)),
    supervisor.onDidChangeState((state) => {
      if (state === 'starting') {
        rummy.reset();
      } else if (state === 'running') {
        // Where the lists cannot be had, what the server tells by itself is still shown.
        rummy.connect().catch((error: unknown) => supervisor.log.warn(String(error)));
      }
    }),
  );
}

function settingsChanged(event: vscode.ConfigurationChangeEvent, supervisor: Supervisor): void {
  const affects = (key: string): boolean => event.affectsConfiguration(`${SECTION}.${key}`);
  if (RESTART_KEYS.some(affects)) {
    void offerRestart(supervisor);
  } else if (SERVER_KEYS.some(affects) || EDITOR_KEYS.some(affects)) {
    void supervisor.settingsChanged();
  }
}

async function offerRestart(supervisor: Supervisor): Promise<void> {
  if (!supervisor.isRunning) {
    // Nothing is lost, and a new path may be what was missing.
    await supervisor.start();
    return;
  }
  const restart = 'Restart';
  const text =
    'Rummy: the setting holds once the server is started anew. Runs at work are interrupted.';
  if ((await vscode.window.showInformationMessage(text, restart)) === restart) {
    await supervisor.restart();
  }
}
