/**
 * One run's panel: tells the page what becomes of the run, and does what is asked for in the page. What the
 * page is told is in `teller`, what it makes of it in `view/`.
 */

import * as vscode from 'vscode';
import { isActive } from '../model/labels';
import { Throttle } from '../model/throttle';
import { fail } from '../notify';
import { uriOf } from '../review/entryfiles';
import type { Rummy } from '../rummy';
import type { FromPage, ToPage, Verdict } from './messages';
import { page } from './page';
import { Teller } from './teller';

/** How often the page is told of changes. */
const INTERVAL_MS = 50;

/** The schemes of the entries that tell how long a turn's messages were. */
const MEASURED = ['system', 'user', 'assistant'];

/** What a verdict is as a command. */
const VERDICTS: Record<Verdict, string> = {
  accept: 'rummy.ui.acceptProposal',
  reject: 'rummy.ui.rejectProposal',
  open: 'rummy.ui.openProposal',
};

export class RunPanel implements vscode.Disposable {
  private readonly teller = new Teller((message) => this.post(message));
  private readonly disposables: vscode.Disposable[] = [];
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.update());
  /** Whether the page is there, and whether it has been told of the run from the beginning. */
  private isReady = false;
  private isTold = false;

  constructor(
    extension: vscode.Uri,
    private readonly rummy: Rummy,
    readonly alias: string,
    private readonly panel: vscode.WebviewPanel,
  ) {
    const { webview } = panel;
    webview.options = {
      enableScripts: true,
      localResourceRoots: [
        vscode.Uri.joinPath(extension, 'media'),
        vscode.Uri.joinPath(extension, 'out'),
      ],
    };
    panel.title = alias;
    panel.iconPath = {
      light: vscode.Uri.joinPath(extension, 'media', 'rummy-light.svg'),
      dark: vscode.Uri.joinPath(extension, 'media', 'rummy-dark.svg'),
    };
    const touch = ({ run }: { readonly run: string }): void => {
      if (run === alias) {
        this.throttle.call();
      }
    };
    this.disposables.push(
      this.throttle,
      webview.onDidReceiveMessage((message: FromPage) => this.take(message)),
      panel.onDidChangeViewState(() => {
        // A hidden page is thrown away; it says that it is ready when it is made anew.
        this.isReady &&= panel.visible;
        this.isTold &&= panel.visible;
      }),
      rummy.onDidChangeRun((run) => touch({ run: run.alias })),
      rummy.onDidReceiveProgress(touch),
      rummy.onDidReceiveText(touch),
      rummy.onDidChangeProposals(touch),
      rummy.onDidStreamChunk(({ run, path, chunk }) => {
        if (run === alias && this.isTold) {
          this.post({ type: 'output', entry: path, text: chunk });
        }
      }),
      rummy.onDidConnect(() => {
        if (this.isReady) {
          void this.begin();
        }
      }),
    );
    webview.html = page(extension, webview);
  }

  reveal(preserveFocus: boolean): void {
    this.panel.reveal(undefined, preserveFocus);
  }

  get column(): vscode.ViewColumn | undefined {
    return this.panel.viewColumn;
  }

  onDidDispose(listener: () => void): void {
    this.disposables.push(this.panel.onDidDispose(listener));
  }

  private post(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }

  private async begin(): Promise<void> {
    this.isTold = false;
    try {
      await this.tellAll();
    } catch (error) {
      this.post({ type: 'trouble', problem: problemOf(error) });
    }
  }

  private async tellAll(): Promise<void> {
    const run = { run: this.alias };
    const [, details, ...measured] = await Promise.all([
      this.rummy.whole(this.alias),
      this.rummy.request('getRun', run),
      ...MEASURED.map((scheme) => this.rummy.request('getEntries', { ...run, scheme })),
    ]);
    const known = this.rummy.run(this.alias);
    if (known) {
      this.isTold = true;
      this.teller.begin(known, details, measured.flat());
    }
  }

  private update(): void {
    const run = this.rummy.run(this.alias);
    if (!run || !this.isTold) {
      return;
    }
    if (this.teller.hasLost(run)) {
      void this.begin();
      return;
    }
    this.teller.text(run);
    this.teller.update(run);
  }

  private take(message: FromPage): void {
    void this.attempt(() => this.carryOut(message));
  }

  private async attempt(action: () => unknown): Promise<void> {
    try {
      await action();
    } catch (error) {
      void fail(`Rummy: ${problemOf(error)}`);
    }
  }

  private carryOut(message: FromPage): unknown {
    const { alias: run } = this;
    switch (message.type) {
      case 'ready':
        this.isReady = true;
        return this.begin();
      case 'send':
        return this.send(message);
      case 'run':
        return vscode.commands.executeCommand(`rummy.ui.${message.command}`, { run });
      case 'decide': {
        const node = { kind: 'proposal', run, path: message.path };
        return vscode.commands.executeCommand(VERDICTS[message.verdict], node);
      }
      case 'answer':
        return this.rummy.request('answer', { run, path: message.path, answer: message.answer });
      case 'open':
        return this.open(message.path);
    }
  }

  /** Puts a prompt into the next turn of a run at work; goes on with one that has ended. */
  private async send({ prompt, mode }: Extract<FromPage, { type: 'send' }>): Promise<void> {
    const { alias: run } = this;
    const known = this.rummy.run(run);
    try {
      if (known && isActive(known)) {
        await this.rummy.request('inject', { run, prompt, mode });
      } else {
        const { status } = await this.rummy.request(mode, { run, prompt });
        this.rummy.started(run, known?.workspace, mode, status);
      }
      this.post({ type: 'sent', problem: undefined });
    } catch (error) {
      this.post({ type: 'sent', problem: problemOf(error) });
    }
  }

  /** Opens a file of the run's folder, or an entry. */
  private open(path: string): unknown {
    const workspace = this.rummy.run(this.alias)?.workspace;
    const isEntry = /^[a-z]+:\/\//.test(path);
    if (isEntry || workspace === undefined) {
      return vscode.window.showTextDocument(uriOf(this.alias, path), { preview: true });
    }
    return vscode.window.showTextDocument(vscode.Uri.joinPath(vscode.Uri.parse(workspace), path), {
      preview: true,
    });
  }

  close(): void {
    this.panel.dispose();
  }

  /** Leaves the panel to the window, which restores it when it comes again. */
  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
