/**
 * The run panel: the transcript of a run as it streams, in a webview.
 */

import * as vscode from 'vscode';
import type { Rummy } from '../rummy';

/** Registers the command `rummy.ui.openRun {run}`, which opens the panel of a run. */
export function registerRunPanel(
  _context: vscode.ExtensionContext,
  _rummy: Rummy,
): vscode.Disposable {
  return vscode.commands.registerCommand('rummy.ui.openRun', () => undefined);
}
