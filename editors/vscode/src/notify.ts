/**
 * Notifications: the only place that shows some, so that none has a link that a model or a file has put
 * into it.
 */

import * as vscode from 'vscode';
import { messageOf, unlinked } from './model/messages';

type Show = (text: string, ...choices: string[]) => Thenable<string | undefined>;

function show(how: Show): Show {
  return (text, ...choices) => how(unlinked(text), ...choices);
}

export const inform = show((text, ...choices) =>
  vscode.window.showInformationMessage(text, ...choices),
);
export const warn = show((text, ...choices) => vscode.window.showWarningMessage(text, ...choices));
export const fail = show((text, ...choices) => vscode.window.showErrorMessage(text, ...choices));

/** Tells the user of an error, in its own words. */
export function complain(error: unknown): void {
  void fail(`Rummy: ${messageOf(error)}`);
}
