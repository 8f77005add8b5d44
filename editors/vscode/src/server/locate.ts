/**
 * Where the server's program is: what the setting names, else what came with the extension, else what
 * is in PATH.
 */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { setting } from './settings';

const PROGRAM = 'rummy-lsp';

/** A server that cannot be started, in words for the user. */
export class Missing extends Error {}

export async function locate(context: vscode.ExtensionContext): Promise<string> {
  const named = expanded(setting<string>('server.path'));
  if (named !== '') {
    if (await isProgram(named)) {
      return named;
    }
    throw new Missing(
      `The setting rummy.server.path names ${named}, which is no program that can be run.`,
    );
  }
  const bundled = path.join(context.extensionPath, 'server', PROGRAM);
  const inPath = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, PROGRAM));
  for (const candidate of [bundled, ...inPath]) {
    if (await isProgram(candidate)) {
      return candidate;
    }
  }
  throw new Missing(
    `${PROGRAM} is neither part of this extension nor in PATH. Build it with "cargo build --release", and name it in the setting rummy.server.path.`,
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** The path with the user's folder for `~` and the first folder for `${workspaceFolder}`. */
function expanded(file: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  return file.replace(/^~(?=$|\/)/, homedir()).replaceAll('${workspaceFolder}', folder);
}
