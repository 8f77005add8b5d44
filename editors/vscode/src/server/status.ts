/**
 * What the user sees of the server itself: the language status item, the context key `rummy.state`, and
 * the status bar's item with what waits and what is at work.
 */

import * as vscode from 'vscode';
import { isActive, runText, statusText } from '../model/labels';
import { Throttle } from '../model/throttle';
import type { Rummy } from '../rummy';
import type { ServerState, Supervisor } from './supervisor';

/** How often the items change while runs are at work. */
const INTERVAL_MS = 200;

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

  const throttle = new Throttle(INTERVAL_MS, () => {
    showLanguage(language, supervisor);
    showBar(bar, supervisor, rummy);
  });
  const show = (): void => throttle.call();
  show();
  return vscode.Disposable.from(
    language,
    bar,
    throttle,
    supervisor.onDidChangeState(show),
    rummy.onDidChangeRun(show),
    rummy.onDidRemoveRun(show),
    rummy.onDidReceiveProgress(show),
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
  const working = rummy.runs().filter(isActive);
  const isBusy = working.some(({ status }) => status !== 202) || state === 'starting';
  const isBroken = state === 'failed' || state === 'waiting';
  const icon = isBroken ? '$(error)' : isBusy ? '$(loading~spin)' : '$(sparkle)';
  const [only] = working;
  const parts = [
    working.length === 1 && only ? `turn ${only.turn}, ${statusText(only)}` : '',
    working.length > 1 ? `${working.length} runs` : '',
    pending > 0 ? `${pending} pending` : '',
  ].filter((part) => part !== '');
  item.text = parts.length > 0 ? `${icon} Rummy: ${parts.join(' · ')}` : `${icon} Rummy`;
  item.tooltip =
    supervisor.reason ?? working.map((run) => `${run.alias}: ${runText(run)}`).join('\n');
  item.backgroundColor = isBroken
    ? new vscode.ThemeColor('statusBarItem.errorBackground')
    : undefined;
  item.show();
}
