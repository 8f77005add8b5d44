/**
 * The server's own commands, and the menu behind the status bar's item.
 */

import * as vscode from 'vscode';
import { isActive, runText } from '../model/labels';
import type { Rummy } from '../rummy';
import type { Doctor } from '../server/doctor';
import type { Supervisor } from '../server/supervisor';
import { choose } from './pick';
import type { Command } from './register';

const WALKTHROUGH = 'rummy.rummy-lsp#start';

interface Choice extends vscode.QuickPickItem {
  readonly command?: string;
  readonly argument?: unknown;
}

export function serverCommands(
  supervisor: Supervisor,
  rummy: Rummy,
  doctor: Doctor,
): Readonly<Record<string, Command>> {
  return {
    restartServer: () => supervisor.restart(),
    stopServer: () => supervisor.stop(),
    doctor: () => doctor.run(),
    showLog: () => supervisor.log.show(),
    menu: () => showMenu(supervisor, rummy),
    openWalkthrough: () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH, false),
  };
}

async function showMenu(supervisor: Supervisor, rummy: Rummy): Promise<void> {
  const placeHolder = supervisor.reason ?? `rummy-lsp ${supervisor.version ?? ''}`;
  const chosen = await choose(choices(supervisor, rummy), placeHolder);
  if (chosen?.command !== undefined) {
    await vscode.commands.executeCommand(chosen.command, chosen.argument);
  }
}

function choices(supervisor: Supervisor, rummy: Rummy): Choice[] {
  const separator = (label: string): Choice => ({
    label,
    kind: vscode.QuickPickItemKind.Separator,
  });
  const working = rummy.runs().filter(isActive);
  const proposing = rummy.runs().filter(({ proposals }) => proposals.length > 0);
  const choices: Choice[] = [];
  if (supervisor.isRunning) {
    choices.push(
      { label: '$(play) Act…', command: 'rummy.ui.act' },
      { label: '$(comment-discussion) Ask…', command: 'rummy.ui.ask' },
    );
  }
  if (working.length > 0 || proposing.length > 0) {
    choices.push(separator('Runs'));
  }
  for (const { alias, proposals } of proposing) {
    const label = `$(diff-multiple) Review ${alias}`;
    const description = `${proposals.length} pending`;
    choices.push({ label, description, command: 'rummy.ui.review', argument: { run: alias } });
  }
  for (const run of working) {
    const argument = { run: run.alias };
    choices.push(
      {
        label: `$(open-preview) Open ${run.alias}`,
        description: runText(run),
        command: 'rummy.ui.openRun',
        argument,
      },
      { label: `$(debug-stop) Abort ${run.alias}`, command: 'rummy.ui.abort', argument },
    );
  }
  choices.push(
    separator('Server'),
    { label: '$(output) Show Log', command: 'rummy.ui.showLog' },
    { label: '$(pulse) Doctor', command: 'rummy.ui.doctor' },
    { label: '$(debug-restart) Restart Server', command: 'rummy.ui.restartServer' },
  );
  return choices;
}
