/**
 * What is done when settings, keys or folders change while the server runs.
 */

import * as vscode from 'vscode';
import { messageOf } from '../model/messages';
import { EDITOR_KEYS, RESTART_KEYS, SERVER_KEYS } from '../model/settings';
import type { Rummy } from '../rummy';
import type { Keys } from './keys';
import { inform } from '../notify';
import { SECTION } from './settings';
import type { Supervisor } from './supervisor';

export function followChanges(supervisor: Supervisor, keys: Keys, rummy: Rummy): vscode.Disposable {
  // Where the lists cannot be had, what the server tells by itself is still shown.
  const warn = (error: unknown): void => supervisor.log.warn(messageOf(error));
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => settingsChanged(event, supervisor)),
    keys.onDidChange(() => void supervisor.settingsChanged()),
    supervisor.onDidChangeFolders(() => void rummy.refresh().catch(warn)),
    supervisor.onDidChangeState((state) => {
      if (state === 'running') {
        rummy.connect().catch(warn);
      } else if (state !== 'waiting') {
        rummy.reset();
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
  if ((await inform(text, restart)) === restart) {
    await supervisor.restart();
  }
}
