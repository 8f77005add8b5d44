/**
 * What the user sees of the server itself: the language status item, the context key `rummy.state`, and
 * the status bar's item with what waits and what is at work.
 */

import * as vscode from 'vscode';
import { isAtWork } from '../protocol';
import type { Rummy } from '../rummy';
import type { ServerState, Supervisor } from './supervisor';

const TEXTS: Record<ServerState, string> = {
  stopped: 'stopped',
  untrusted: 'not in an untrusted workspace',
  starting: 'starting',
  running: 'running',
  waiting: 'crashed',
  failed: 'failed',
};

export function registerStatus(supervisor: Supervisor, rummy: Rummy): vscode.Disposable {
  const language = vscode.languages.createLanguageStatusItem('rummy.server', { scheme: 'file' });
  language.name = 'Rummy';
  const bar = vscode.window.createStatusBarItem('rummy', vscode.StatusBarAlignment.Left, 1);
  bar.name = 'Rummy';
  bar.command = 'rummy.ui.menu';

  const show = (): void => {
    showLanguage(language, supervisor);
    showBar(bar, supervisor, rummy);
  };
  show();
  return vscode.Disposable.from(
    language,
    bar,
    supervisor.onDidChangeState(show),
    rummy.onDidChangeRun(show),
    rummy.onDidRemoveRun(show),
    rummy.onDidChangeProposals(show),
  );
}

function showLanguage(item: vscode.LanguageStatusItem, supervisor: Supervisor): void {
  const { state, reason, version } = supervisor;
  void vscode.commands.executeCommand('setContext', 'rummy.state', state);
  item.text = version === undefined ? 'rummy-lsp' : `rummy-lsp ${version}`;
  item.detail = reason ?? TEXTS[state];
  item.busy = state === 'starting' || state === 'waiting';
  item.severity =
    state === 'failed' || state === 'waiting'
      ? vscode.LanguageStatusSeverity.Error
      : vscode.LanguageStatusSeverity.Information;
  item.command =
    state === 'failed'
      ? { title: 'Show Log', command: 'rummy.ui.showLog' }
      : { title: 'Restart', command: 'rummy.ui.restartServer' };
}

function showBar(item: vscode.StatusBarItem, supervisor: Supervisor, rummy: Rummy): void {
  const { state } = supervisor;
  if (state === 'untrusted') {
    item.hide();
    return;
  }
  const pending = rummy.proposals().length;
  const working = rummy.runs().filter(({ status }) => status !== undefined && isAtWork(status));
  const isBusy = working.some(({ status }) => status !== 202) || state === 'starting';
  const isBroken = state === 'failed' || state === 'waiting';
  const icon = isBroken ? '$(error)' : isBusy ? '$(loading~spin)' : '$(sparkle)';
  item.text = pending > 0 ? `${icon} Rummy: ${pending} pending` : `${icon} Rummy`;
  item.tooltip = supervisor.reason ?? working.map((run) => `${run.alias}, turn ${run.turn}`).join('\n');
  item.backgroundColor = isBroken
    ? new vscode.ThemeColor('statusBarItem.errorBackground')
    : undefined;
  item.show();
}
