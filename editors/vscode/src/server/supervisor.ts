/**
 * Starts the server, and starts it again when it crashes: after a wait that grows with each crash. Each
 * life of the server has a language client of its own; what a client does is `client.ts`'s.
 */

import * as path from 'node:path';
import * as vscode from 'vscode';
import { Backoff } from '../model/backoff';
import { messageOf } from '../model/messages';
import { initializationOptions, serverSettings } from '../model/settings';
import { fail } from '../notify';
import type { Connection, Handlers } from '../rummy';
import type { Interceptor, RummyClient } from './client';
import type { Keys } from './keys';
import { locate, Missing } from './locate';
import { setting, settings } from './settings';

export type ServerState = 'stopped' | 'untrusted' | 'starting' | 'running' | 'waiting' | 'failed';

/** What `shutdown` may take: the server waits for its runs to settle, five seconds at most. */
const STOP_MS = 6000;

export class Supervisor implements Connection, vscode.Disposable {
  private client: RummyClient | undefined;
  private current: ServerState = 'stopped';
  private why: string | undefined;
  private readonly backoff = new Backoff();
  private timer: NodeJS.Timeout | undefined;
  /** Which start this is: what an earlier one does when it comes to its end is of no interest. */
  private life = 0;
  private readonly changedState = new vscode.EventEmitter<ServerState>();
  private readonly changedFolders = new vscode.EventEmitter<void>();
  private readonly trust: vscode.Disposable;
  private handlers: Handlers = new Map();
  private interceptors: ReadonlyMap<string, Interceptor> = new Map();

  readonly onDidChangeState = this.changedState.event;
  /** The server has been told of folders that came or went. */
  readonly onDidChangeFolders = this.changedFolders.event;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly keys: Keys,
    readonly log: vscode.LogOutputChannel,
  ) {
    this.trust = vscode.workspace.onDidGrantWorkspaceTrust(() => void this.start());
  }

  /** What the clients to come hand messages and commands to. */
  serve(handlers: Handlers, interceptors: ReadonlyMap<string, Interceptor>): void {
    this.handlers = handlers;
    this.interceptors = interceptors;
  }

  get state(): ServerState {
    return this.current;
  }

  /** Why the server does not run, in a sentence. */
  get reason(): string | undefined {
    return this.why;
  }

  get version(): string | undefined {
    return this.client?.initializeResult?.serverInfo?.version;
  }

  get isRunning(): boolean {
    return this.current === 'running';
  }

  private enter(state: ServerState, why?: string): void {
    this.current = state;
    this.why = why;
    this.changedState.fire(state);
  }

  /** Starts the server unless it runs or is being started. */
  async start(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      this.enter('untrusted', 'This workspace is not trusted.');
      return;
    }
    if (this.current === 'running' || this.current === 'starting') {
      return;
    }
    clearTimeout(this.timer);
    this.life += 1;
    const life = this.life;
    const isOver = (): boolean => life !== this.life;
    this.enter('starting');
    try {
      await this.keys.load();
      const program = await locate(this.context);
      const client = await this.makeClient(program);
      if (!isOver()) {
        await this.run(program, client);
      }
      if (!isOver()) {
        this.enter('running');
      }
    } catch (error) {
      // One that was stopped while it was being started has not failed.
      if (!isOver()) {
        this.client = undefined;
        this.failed(error);
      }
    }
  }

  private async run(program: string, client: RummyClient): Promise<void> {
    this.log.info(`starting ${program}`);
    this.client = client;
    this.backoff.started();
    try {
      await client.start();
    } catch (error) {
      this.tellLastWords(client);
      throw new Error(`${program} could not be started: ${messageOf(error)}`, { cause: error });
    }
  }

  private async makeClient(program: string): Promise<RummyClient> {
    // The library is large, and activation need not wait for it: esbuild.mjs makes a file of its own of it.
    const { RummyClient } = await import('./client');
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    const client = new RummyClient({
      server: {
        command: program,
        args: setting<string[]>('server.args'),
        options: {
          cwd: folder ?? path.dirname(program),
          env: { ...process.env, ...setting<Record<string, string>>('server.env') },
        },
      },
      log: this.log,
      initializationOptions: () => initializationOptions(settings(), this.keys.all()),
      configuration: (folder) => serverSettings(settings(folder), this.keys.all()),
      handlers: this.handlers,
      interceptors: this.interceptors,
      onClosed: () => this.closed(client),
      onFolders: () => this.changedFolders.fire(),
    });
    return client;
  }

  private closed(client: RummyClient): void {
    // A client that is stopped, or has never run, is looked after where that was asked for.
    if (client !== this.client || this.current !== 'running') {
      return;
    }
    this.client = undefined;
    this.tellLastWords(client);
    const wait = this.backoff.crashed();
    const seconds = Math.round(wait / 100) / 10;
    this.log.error(`the server has crashed; it is started again in ${seconds} s`);
    this.enter('waiting', `The server has crashed and is started again in ${seconds} s.`);
    this.timer = setTimeout(() => void this.start(), wait);
  }

  private tellLastWords(client: RummyClient): void {
    for (const line of client.lastWords) {
      this.log.error(line);
    }
  }

  private failed(error: unknown): void {
    const message = messageOf(error);
    this.log.error(message);
    this.enter('failed', message);
    void this.offerHelp(error instanceof Missing, message);
  }

  private async offerHelp(isMissing: boolean, message: string): Promise<void> {
    const open = isMissing ? 'Open Settings' : 'Show Log';
    const again = 'Try Again';
    const chosen = await fail(`Rummy: ${message}`, open, again);
    if (chosen === again) {
      await this.start();
    } else if (chosen === 'Open Settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'rummy.server.path');
    } else if (chosen === 'Show Log') {
      this.log.show();
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.life += 1;
    const client = this.client;
    this.client = undefined;
    this.backoff.reset();
    this.enter('stopped', 'The server was stopped.');
    if (!client?.isRunning()) {
      // One that does not answer while it is being started cannot be asked to end.
      client?.serverProcess?.kill();
      return;
    }
    try {
      await client.stop(STOP_MS);
    } catch (error) {
      // It is killed by the library then; the runs are interrupted either way.
      this.log.warn(`the server did not stop by itself: ${messageOf(error)}`);
    }
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  check(): void {
    if (!['running', 'starting', 'waiting'].includes(this.current)) {
      throw new Error(`The server does not run. ${this.why ?? ''}`.trim());
    }
  }

  async ready(): Promise<void> {
    if (this.current === 'waiting') {
      await this.start();
    }
    while (this.current === 'starting') {
      await new Promise<void>((resolve) => {
        const once = this.onDidChangeState(() => {
          once.dispose();
          resolve();
        });
      });
    }
    this.check();
  }

  async sendRequest<R>(
    method: string,
    params: unknown,
    token?: vscode.CancellationToken,
  ): Promise<R> {
    if (!this.client) {
      throw new Error('The server does not run.');
    }
    // An undefined token would be taken for a second parameter.
    return token
      ? this.client.sendRequest<R>(method, params, token)
      : this.client.sendRequest<R>(method, params);
  }

  /** Has the server ask for its settings again. */
  async settingsChanged(): Promise<void> {
    await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null });
  }

  refreshLenses(): void {
    this.client?.refreshLenses();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.trust.dispose();
    this.changedState.dispose();
    this.changedFolders.dispose();
  }
}
