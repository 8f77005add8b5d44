/**
 * The extension's settings as VS Code has them.
 */

import * as vscode from 'vscode';
import type { Settings } from '../model/settings';

export const SECTION = 'rummy';

/** Proxies of VS Code's do not survive JSON; this does. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** The settings as they hold in a folder, or in none. */
export function settings(folder?: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration(SECTION, folder ?? null);
  return {
    get: (key) => plain(configuration.get(key)),
    isSet: (key) => {
      const set = configuration.inspect(key);
      return (
        set?.globalValue !== undefined ||
        set?.workspaceValue !== undefined ||
        set?.workspaceFolderValue !== undefined
      );
    },
  };
}

/** A setting of the editor's part, which has a default in package.json. */
export function setting<T>(key: string): T {
  return vscode.workspace.getConfiguration(SECTION, null).get<T>(key) as T;
}
