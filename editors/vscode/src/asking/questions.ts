/**
 * Answering a question of the model's: its options in a quick pick, in which another answer can be typed.
 */

import * as vscode from 'vscode';
import type { Proposal } from '../protocol';
import type { Rummy } from '../rummy';

interface Answer extends vscode.QuickPickItem {
  readonly answer: string;
}

/** Resolves once the question is answered, dismissed, or decided elsewhere. */
export async function answer(rummy: Rummy, proposal: Proposal): Promise<void> {
  const given = await ask(rummy, proposal);
  if (given !== undefined) {
    const { run, path } = proposal;
    await rummy.request('answer', { run, path, answer: given });
  }
}

function ask(
  rummy: Rummy,
  { run, path, question, options }: Proposal,
): Promise<string | undefined> {
  const choices: Answer[] = (options ?? []).map((label) => ({ label, answer: label }));
  const pick = vscode.window.createQuickPick<Answer>();
  pick.title = `Rummy (${run}): ${question ?? ''}`;
  pick.placeholder = choices.length > 0 ? 'Choose, or type another answer' : 'Type the answer';
  pick.ignoreFocusOut = true;
  pick.items = choices;
  pick.onDidChangeValue((value) => {
    const typed = value.trim();
    const isNew = typed !== '' && !choices.some(({ answer: known }) => known === typed);
    pick.items = isNew
      ? [
          ...choices,
          { label: typed, description: 'your own answer', answer: typed, alwaysShow: true },
        ]
      : choices;
  });
  return new Promise((resolve) => {
    const decided = rummy.onDidChangeProposals((message) => {
      if (message.run === run && !message.proposals.some((pending) => pending.path === path)) {
        pick.hide();
      }
    });
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      if (chosen) {
        resolve(chosen.answer);
        pick.hide();
      }
    });
    pick.onDidHide(() => {
      resolve(undefined);
      decided.dispose();
      pick.dispose();
    });
    pick.show();
  });
}
