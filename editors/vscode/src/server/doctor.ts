/**
 * `rummy-lsp doctor` with the editor's settings, in an output channel. The settings go through a pipe:
 * they may hold keys.
 */

import { spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { initializationOptions } from '../model/settings';
import type { Keys } from './keys';
import { locate } from './locate';
import { setting, settings } from './settings';

export class Doctor implements vscode.Disposable {
  private channel: vscode.OutputChannel | undefined;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly keys: Keys,
  ) {}

  async run(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      throw new Error('Doctor runs only in a trusted workspace.');
    }
    await this.keys.load();
    const program = await locate(this.context);
    this.channel ??= vscode.window.createOutputChannel('Rummy Doctor');
    const channel = this.channel;
    channel.clear();
    channel.show(true);
    channel.appendLine(`$ ${program} doctor`);
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'Rummy Doctor' },
      () => this.examine(program, channel),
    );
  }

  private examine(program: string, channel: vscode.OutputChannel): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, ['doctor', '--settings', '-'], {
        cwd: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
        env: { ...process.env, ...setting<Record<string, string>>('server.env') },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => channel.append(text));
      }
      child.on('error', reject);
      child.on('close', (code) => {
        channel.appendLine(code === 0 ? 'All is well.' : `Doctor ended with exit code ${code}.`);
        resolve();
      });
      // A doctor that ends before it has read them closes the pipe.
      child.stdin.on('error', () => undefined);
      child.stdin.end(JSON.stringify(initializationOptions(settings(), this.keys.all())));
    });
  }

  dispose(): void {
    this.channel?.dispose();
  }
}
