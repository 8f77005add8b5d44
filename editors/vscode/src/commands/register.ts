/**
 * Registering commands: what goes wrong in one is told to the user, in the server's words.
 */

import * as vscode from 'vscode';
import { complain } from '../notify';

/** Takes what it was called with: by a menu, a tree, a key binding, another extension. */
export type Command = (...args: unknown[]) => unknown;

const PREFIX = 'rummy.ui.';

export function register(commands: Readonly<Record<string, Command>>): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, command]) =>
      vscode.commands.registerCommand(PREFIX + name, async (...args: unknown[]) => {
        try {
          return await command(...args);
        } catch (error) {
          complain(error);
          return undefined;
        }
      }),
    ),
  );
}
