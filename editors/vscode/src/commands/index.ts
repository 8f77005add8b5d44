/**
 * All commands of the extension, by what they are about. Their names, titles and places stand in
 * package.json; none has a name of the server's, which are commands of their own.
 */

import * as vscode from 'vscode';
import type { Rummy } from '../rummy';
import type { HunkComments } from '../review/comments';
import type { Diffs } from '../review/diffs';
import type { Interceptor } from '../server/client';
import type { Doctor } from '../server/doctor';
import type { Keys } from '../server/keys';
import type { Supervisor } from '../server/supervisor';
import type { MemoryView } from '../views/memory';
import { Decider } from './decide';
import { Library } from './library';
import { Models } from './models';
import { register } from './register';
import { Runs } from './runs';
import { serverCommands } from './server';
import { Starter } from './start';

export interface CommandParts {
  readonly rummy: Rummy;
  readonly supervisor: Supervisor;
  readonly doctor: Doctor;
  readonly keys: Keys;
  readonly diffs: Diffs;
  readonly comments: HunkComments;
  readonly memory: MemoryView;
}

/** Registers them, and says what some of the server's commands mean here. */
export function registerCommands(parts: CommandParts): {
  readonly disposable: vscode.Disposable;
  readonly interceptors: ReadonlyMap<string, Interceptor>;
} {
  const { rummy, supervisor, doctor, keys, diffs, comments, memory } = parts;
  const starter = new Starter(rummy);
  const decider = new Decider(rummy, diffs, comments);
  const disposable = register({
    ...starter.commands,
    ...decider.commands,
    ...new Models(rummy, keys).commands,
    ...new Library(rummy).commands,
    ...new Runs(rummy, memory).commands,
    ...serverCommands(supervisor, rummy, doctor),
  });
  return { disposable, interceptors: new Map([...starter.interceptors, ...decider.interceptors]) };
}
