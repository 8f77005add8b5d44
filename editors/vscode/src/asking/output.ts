/**
 * The output of the commands of runs, in a terminal a run. Ctrl+C in it, and closing it, end the command.
 */

import * as vscode from 'vscode';
import { ending, visible } from '../model/shell';
import type { StreamChunk } from '../protocol';
import type { Rummy, Run } from '../rummy';

/** The statuses of a log entry whose command has not ended. */
const PROPOSED = 202;
const STREAMING = 102;

const INTERRUPT = '\x03';
const BOLD = '\x1b[1m';
const DIM = '\x1b[2m';
const RED = '\x1b[31m';
const PLAIN = '\x1b[0m';

class Output implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly ended = new vscode.EventEmitter<void>();
  /** What came before the terminal was there. */
  private early: string[] | undefined = [];
  private command: string | undefined;
  readonly terminal: vscode.Terminal;

  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.ended.event;

  constructor(
    run: string,
    private readonly cancel: (command: string) => void,
    private readonly closed: () => void,
  ) {
    this.terminal = vscode.window.createTerminal({
      name: `Rummy: ${run}`,
      pty: this,
      iconPath: new vscode.ThemeIcon('sparkle'),
    });
    this.terminal.show(true);
  }

  open(): void {
    const early = this.early ?? [];
    this.early = undefined;
    early.forEach((text) => this.written.fire(text));
  }

  close(): void {
    if (this.command !== undefined) {
      this.cancel(this.command);
    }
    this.closed();
  }

  handleInput(input: string): void {
    if (input === INTERRUPT && this.command !== undefined) {
      this.cancel(this.command);
    }
  }

  private write(text: string): void {
    if (this.early) {
      this.early.push(text);
    } else {
      this.written.fire(text);
    }
  }

  take({ path, chunk }: StreamChunk, title: string): void {
    if (path !== this.command) {
      this.command = path;
      this.write(`${BOLD}$ ${asLines(visible(title))}${PLAIN}\r\n`);
    }
    this.write(asLines(chunk));
  }

  /** The command has ended. */
  end(path: string, how: string, isGood: boolean): void {
    if (path === this.command) {
      this.command = undefined;
      this.write(`\r\n${isGood ? DIM : RED}${how}${PLAIN}\r\n\r\n`);
    }
  }

  get isBusy(): boolean {
    return this.command !== undefined;
  }

  isOf(path: string): boolean {
    return path === this.command;
  }
}

/** A terminal goes down only with a line feed. */
function asLines(text: string): string {
  return text.replace(/\r?\n/g, '\r\n');
}

export class Outputs implements vscode.Disposable {
  private readonly outputs = new Map<string, Output>();
  /** The command lines that were proposed: once they run they are pending no more. */
  private readonly lines = new Map<string, string>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly rummy: Rummy) {
    this.disposables = [
      rummy.onDidChangeProposals(({ run, proposals }) => {
        for (const { path, command } of proposals) {
          if (command !== null) {
            this.lines.set(`${run}\n${path}`, command);
          }
        }
      }),
      rummy.onDidStreamChunk((chunk) => this.take(chunk)),
      rummy.onDidCancelStream(({ run, path, reason }) =>
        this.outputs.get(run)?.end(path, reason, false),
      ),
      rummy.onDidChangeRun((run) => this.lookForEnd(run)),
    ];
  }

  private take(chunk: StreamChunk): void {
    const { run, path } = chunk;
    let output = this.outputs.get(run);
    if (!output) {
      output = new Output(
        run,
        // It may have ended by itself meanwhile.
        (command) =>
          void this.rummy.request('stream/cancel', { run, path: command }).catch(() => undefined),
        () => this.outputs.delete(run),
      );
      this.outputs.set(run, output);
    }
    output.take(chunk, this.lineOf(run, path));
  }

  /** The command line. One that is allowed runs before anything else is told of it. */
  private lineOf(run: string, path: string): string {
    const item = this.rummy.run(run)?.history.findLast(({ entry }) => entry === path);
    return this.lines.get(`${run}\n${path}`) ?? item?.path ?? path;
  }

  private lookForEnd(run: Run): void {
    const output = this.outputs.get(run.alias);
    const ended = output?.isBusy && run.history.findLast(({ entry }) => output.isOf(entry));
    if (ended && ended.status !== PROPOSED && ended.status !== STREAMING) {
      output.end(ended.entry, ending(ended.body), ended.status < 300);
      this.lines.delete(`${run.alias}\n${ended.entry}`);
    }
  }

  dispose(): void {
    this.outputs.forEach(({ terminal }) => terminal.dispose());
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
