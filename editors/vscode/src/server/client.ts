/**
 * One language client, for one life of the server: what it says of itself, how it answers the server's
 * own requests, and what it does before a command goes to the server. When and how often a server is
 * started is `supervisor.ts`'s.
 */

import * as vscode from 'vscode';
import type {
  DynamicFeature,
  LanguageClientOptions,
  Middleware,
  ServerOptions,
  ShowMessageParams,
  StaticFeature,
} from 'vscode-languageclient/node';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  MessageType,
  RevealOutputChannelOn,
  ShowMessageNotification,
} from 'vscode-languageclient/node';
import { entryName, entryUri } from '../model/entries';
import type { Options } from '../model/settings';
import { fail, inform, warn } from '../notify';
import type { Handlers } from '../rummy';

/** Does what a command means in this editor; `next` sends it to the server. */
export type Interceptor = (
  params: Record<string, unknown>,
  next: (params: Record<string, unknown>) => Promise<unknown>,
) => Promise<unknown>;

export interface ClientParts {
  readonly server: ServerOptions;
  readonly log: vscode.LogOutputChannel;
  /** Called for each start. */
  readonly initializationOptions: () => Options;
  /** Called for `workspace/configuration`, with the folder whose settings are asked for. */
  readonly configuration: (folder: vscode.Uri | undefined) => Options;
  readonly handlers: Handlers;
  readonly interceptors: ReadonlyMap<string, Interceptor>;
  readonly onClosed: () => void;
  /** Called once the server was told of the folders. */
  readonly onFolders: () => void;
}

/** Announced as `capabilities.experimental.rummy`. */
const ABILITIES = { save: true, prompt: true };

/** How many lines of the server's stderr are shown when it ends unexpectedly. */
const LAST_LINES = 30;

export class RummyClient extends LanguageClient {
  private readonly lastLines: string[];

  constructor(parts: ClientParts) {
    const lastLines: string[] = [];
    super('rummy', 'Rummy', parts.server, clientOptions(parts, lastLines));
    this.lastLines = lastLines;
    this.registerFeature({
      fillClientCapabilities: (capabilities) => {
        capabilities.experimental = { rummy: ABILITIES };
      },
      initialize: () => undefined,
      getState: () => ({ kind: 'static' }),
      clear: () => undefined,
    });
    for (const [method, handler] of parts.handlers) {
      this.onNotification(method, handler);
    }
    // The library's own handler would make links of what a model has written.
    this.onNotification(ShowMessageNotification.type, tell);
    this.onRequest('rummy/save', ({ uris }: { uris: string[] }) => save(uris));
  }

  /** What the server wrote last on stderr. */
  get lastWords(): readonly string[] {
    return this.lastLines;
  }

  /** Has VS Code ask for the code lenses again, which by itself it does only when a text changes. */
  refreshLenses(): void {
    const feature = this.getFeature('textDocument/codeLens');
    const providers = new Set(
      vscode.workspace.textDocuments.map((document) => feature.getProvider(document)),
    );
    for (const provider of providers) {
      provider?.onDidChangeCodeLensEmitter.fire();
    }
  }

  /** `rummy:` documents have a file system of their own, which can also write. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const isTheirs =
      'registrationType' in feature &&
      feature.registrationType.method === 'workspace/textDocumentContent';
    if (!isTheirs) {
      super.registerFeature(feature);
    }
  }

  /** Without the library's own toasts: the supervisor says what has happened, once. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

function clientOptions(
  parts: ClientParts,
  lastLines: string[],
): LanguageClientOptions & { stdioOptions: object } {
  return {
    documentSelector: [{ scheme: 'file' }, { scheme: 'rummy' }],
    outputChannel: parts.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: parts.initializationOptions,
    diagnosticCollectionName: 'rummy',
    // Its own handler would show a toast.
    initializationFailedHandler: () => false,
    uriConverters: {
      code2Protocol: protocolUri,
      protocol2Code: (uri) => vscode.Uri.parse(uri),
    },
    markdown: { isTrusted: false, supportHtml: false },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        parts.onClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: middleware(parts),
    stdioOptions: {
      // What is worth it comes by `window/logMessage` too.
      stderr: (stream: NodeJS.ReadableStream) => {
        stream.setEncoding('utf8');
        stream.on('data', (text: string) => {
          lastLines.push(...text.split('\n').filter((line) => line !== ''));
          lastLines.splice(0, lastLines.length - LAST_LINES);
        });
      },
      stdout: () => undefined,
    },
  };
}

/** The URI of a document. The server's own are spelled as it spells them: VS Code changes their slashes. */
function protocolUri(uri: vscode.Uri): string {
  const name = uri.scheme === 'rummy' && uri.query === '' ? entryName(uri.path) : undefined;
  return name ? entryUri(name.run, name.entry) : uri.toString();
}

function middleware(parts: ClientParts): Middleware {
  return {
    workspace: {
      configuration: ({ items }) =>
        items.map(({ scopeUri }) =>
          parts.configuration(scopeUri === undefined ? undefined : vscode.Uri.parse(scopeUri)),
        ),
      didChangeWorkspaceFolders: async (event, next) => {
        await next(event);
        parts.onFolders();
      },
    },
    // The status bar's item and the view Runs say where a run stands.
    handleWorkDoneProgress: () => undefined,
    executeCommand: async (command, args: unknown[], next) => {
      const interceptor = parts.interceptors.get(command);
      const params = (args[0] ?? {}) as Record<string, unknown>;
      const send = async (changed: Record<string, unknown>): Promise<unknown> =>
        next(command, [changed]);
      return interceptor ? interceptor(params, send) : send(params);
    },
  };
}

/** The server's word to the user. */
function tell({ type, message }: ShowMessageParams): void {
  switch (type) {
    case MessageType.Error:
      void fail(message);
      break;
    case MessageType.Warning:
      void warn(message);
      break;
    default:
      void inform(message);
  }
}

/** Saves documents that had no unsaved change before a proposal was accepted. */
async function save(uris: readonly string[]): Promise<null> {
  const wanted = new Set(uris.map((uri) => vscode.Uri.parse(uri).toString()));
  const documents = vscode.workspace.textDocuments.filter(
    (document) => wanted.has(document.uri.toString()) && document.isDirty,
  );
  for (const document of documents) {
    if (!(await document.save())) {
      throw new Error(`${document.uri.fsPath} could not be saved`);
    }
  }
  return null;
}
