/**
 * Starting runs and going on with them: ask, act, continue, fork, inject, abort.
 */

import * as vscode from 'vscode';
import { isActive } from '../model/labels';
import { messageOf } from '../model/messages';
import { fail } from '../notify';
import type { Mode, StartParams } from '../protocol';
import type { Rummy, Run } from '../rummy';
import type { Interceptor } from '../server/client';
import { setting } from '../server/settings';
import { aliasIn } from '../views/nodes';
import { askPrompt, pickFolder, runFor } from './pick';
import type { Command } from './register';

/** A part of a file, for the server and in words. */
interface Part {
  readonly selection: NonNullable<StartParams['selection']>;
  readonly about: string;
}

/** What is selected in the editor in front, where that is something of a workspace folder. */
function selected(): Part | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && !editor.selection.isEmpty && isInFolder(editor.document)
    ? selectionOf(editor, editor.selection)
    : undefined;
}

/** What is selected, or the line of the cursor. */
function selectedOrLine(): Part {
  const editor = vscode.window.activeTextEditor;
  if (!editor || !isInFolder(editor.document)) {
    throw new Error('Only a file in a workspace folder can be asked about or acted on.');
  }
  const { selection, document } = editor;
  const line = document.lineAt(selection.active.line).range;
  return selectionOf(editor, selection.isEmpty ? line : selection);
}

function isInFolder({ uri }: vscode.TextDocument): boolean {
  return uri.scheme === 'file' && vscode.workspace.getWorkspaceFolder(uri) !== undefined;
}

function selectionOf({ document }: vscode.TextEditor, range: vscode.Range): Part {
  const { start, end } = range;
  const name = vscode.workspace.asRelativePath(document.uri);
  const lines =
    start.line === end.line ? `line ${start.line + 1}` : `lines ${start.line + 1}–${end.line + 1}`;
  const position = ({ line, character }: vscode.Position) => ({ line, character });
  return {
    selection: {
      uri: document.uri.toString(),
      range: { start: position(start), end: position(end) },
    },
    about: `${name}, ${lines}`,
  };
}

/** `{prompt?, model?, run?, fork?, files?, …}`: what a key binding gives to a command. */
function given(argument: unknown): Partial<StartParams> {
  const isParams = typeof argument === 'object' && argument !== null && 'prompt' in argument;
  return isParams ? (argument as Partial<StartParams>) : {};
}

export class Starter {
  constructor(private readonly rummy: Rummy) {}

  readonly commands: Readonly<Record<string, Command>> = {
    act: (argument) => this.startHere('act', argument),
    ask: (argument) => this.startHere('ask', argument),
    actSelection: () => this.begin('act', selectedOrLine()),
    askSelection: () => this.begin('ask', selectedOrLine()),
    continue: (argument) => this.goOn(argument),
    fork: (argument) => this.fork(argument),
    inject: (argument) => this.inject(argument),
    abort: (argument) => this.abort(argument),
  };

  /** The server's own commands of code actions: those of a selection come without a prompt. */
  readonly interceptors: ReadonlyMap<string, Interceptor> = new Map([
    ['rummy.act', this.interceptor('act')],
    ['rummy.ask', this.interceptor('ask')],
  ]);

  private interceptor(mode: Mode): Interceptor {
    return async (params, next) => {
      const prompt = params['prompt'] ?? (await askPrompt(mode, 'the selection'));
      if (prompt === undefined) {
        return undefined;
      }
      const result = (await next({ ...params, prompt })) as
        { run: string; status: 100 } | undefined;
      if (result) {
        await this.started(result.run, params['workspace'] as string | undefined, mode);
      }
      return result;
    };
  }

  private async startHere(mode: Mode, argument: unknown): Promise<void> {
    // The title of a view passes what is selected in it.
    await this.begin(mode, selected(), given(argument));
  }

  private async begin(
    mode: Mode,
    part: Part | undefined,
    params: Partial<StartParams> = {},
  ): Promise<void> {
    this.rummy.check();
    const folder = await pickFolder(this.rummy);
    if (folder) {
      const workspace = folder.uri.toString();
      const { prompt, ...others } = params;
      await this.ask(
        mode,
        { ...(part && { selection: part.selection }), workspace, ...others },
        part?.about,
        prompt,
      );
    }
  }

  /** Asks for the prompt where none is given, and starts. A prompt that is refused can be changed. */
  private async ask(
    mode: Mode,
    params: Omit<StartParams, 'prompt'>,
    about?: string,
    given?: string,
  ): Promise<void> {
    let prompt = given ?? (await askPrompt(mode, about));
    while (prompt !== undefined) {
      try {
        await this.send(mode, { ...params, prompt });
        return;
      } catch (error) {
        const again = 'Try Again…';
        const chosen = await fail(`Rummy: ${messageOf(error)}`, again);
        prompt = chosen === again ? await askPrompt(mode, about, prompt) : undefined;
      }
    }
  }

  private async send(mode: Mode, params: StartParams): Promise<void> {
    const { run } = await this.rummy.request(mode, params);
    await this.started(run, params.workspace, mode);
  }

  private async started(alias: string, workspace: string | undefined, mode: Mode): Promise<void> {
    this.rummy.started(alias, workspace, mode, 100);
    if (setting<boolean>('openRunOnStart')) {
      await vscode.commands.executeCommand('rummy.ui.openRun', { run: alias, preserveFocus: true });
    }
  }

  private async goOn(argument: unknown): Promise<void> {
    const run = await runFor(
      this.rummy,
      argument,
      'Go on with which run?',
      (any) => !isActive(any),
    );
    if (run) {
      const params = { run: run.alias, ...ofFolder(run) };
      await this.ask(run.mode ?? 'act', params, `go on with ${run.alias}`);
    }
  }

  private async fork(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Fork which run?');
    if (run) {
      const params = { run: run.alias, fork: true, ...ofFolder(run) };
      await this.ask(run.mode ?? 'act', params, `a fork of ${run.alias}`);
      await this.rummy.refresh();
    }
  }

  private async inject(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'Tell which run?', isActive);
    const mode = run?.mode ?? 'act';
    const prompt = run && (await askPrompt(mode, `a word to ${run.alias}`));
    if (run && prompt !== undefined) {
      await this.rummy.request('inject', { run: run.alias, prompt, mode });
    }
  }

  private async abort(argument: unknown): Promise<void> {
    const alias =
      aliasIn(argument) ??
      (await runFor(this.rummy, undefined, 'Abort which run?', isActive))?.alias;
    if (alias !== undefined) {
      await this.rummy.request('abort', { run: alias });
    }
  }
}

function ofFolder({ workspace }: Run): { workspace?: string } {
  return workspace === undefined ? {} : { workspace };
}
