/**
 * What a run is given beside its prompt: a persona, skills; what holds for files; and whether what a folder
 * brings itself is used.
 */

import * as vscode from 'vscode';
import { inform } from '../notify';
import type { Constraint, ConstraintKind } from '../protocol';
import type { Rummy } from '../rummy';
import { choose, pickFolder, runFor } from './pick';
import type { Command } from './register';

const KINDS: Record<ConstraintKind, { icon: string; meaning: string }> = {
  active: { icon: '$(eye)', meaning: 'shown to every run from the start' },
  readonly: { icon: '$(lock)', meaning: 'never changed' },
  ignore: { icon: '$(eye-closed)', meaning: 'neither shown nor changed' },
};

export class Library {
  constructor(private readonly rummy: Rummy) {}

  readonly commands: Readonly<Record<string, Command>> = {
    setPersona: (argument) => this.setPersona(argument),
    skills: (argument) => this.chooseSkills(argument),
    constraints: () => this.constraints(),
    alwaysShow: (uri, uris) => this.constrain('active', uri, uris),
    makeReadonly: (uri, uris) => this.constrain('readonly', uri, uris),
    ignore: (uri, uris) => this.constrain('ignore', uri, uris),
    trust: () => this.trust(),
  };

  private async setPersona(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'The persona of which run?');
    if (!run) {
      return;
    }
    const names = await this.rummy.request('listPersonas', {});
    const none = { label: 'None', name: undefined };
    const items = [none, ...names.map((name) => ({ label: name, name }))];
    const placeHolder =
      names.length > 0
        ? `The persona of ${run.alias}, from its next loop on`
        : 'There are no personas yet: they are files personas/NAME.md of the rummy home or of .rummy/';
    const picked = await choose(items, placeHolder);
    if (picked) {
      const { name } = picked;
      await this.rummy.request(
        'persona/set',
        name === undefined ? { run: run.alias } : { run: run.alias, name },
      );
    }
  }

  private async chooseSkills(argument: unknown): Promise<void> {
    const run = await runFor(this.rummy, argument, 'The skills of which run?');
    if (!run) {
      return;
    }
    const skills = await this.rummy.request('listSkills', {});
    if (skills.length === 0) {
      throw new Error(
        'There are no skills yet: they are files skills/NAME.md of the rummy home or of .rummy/.',
      );
    }
    const has = new Set(await this.rummy.request('getSkills', { run: run.alias }));
    const items = skills.map(({ name, description }) => ({
      label: name,
      detail: description,
      picked: has.has(name),
    }));
    const placeHolder = `The skills of ${run.alias}`;
    const picked = await vscode.window.showQuickPick(items, {
      canPickMany: true,
      ignoreFocusOut: true,
      placeHolder,
    });
    if (!picked) {
      return;
    }
    const wanted = new Set(picked.map(({ label }) => label));
    for (const { name } of skills) {
      if (wanted.has(name) !== has.has(name)) {
        const method = wanted.has(name) ? 'skill/add' : 'skill/remove';
        await this.rummy.request(method, { run: run.alias, name });
      }
    }
  }

  /** Lists the constraints of a folder; one can be removed, and one added. */
  private async constraints(): Promise<void> {
    const folder = await pickFolder(this.rummy);
    if (!folder) {
      return;
    }
    const workspace = folder.uri.toString();
    const rows = await this.rummy.request('getConstraints', { workspace });
    const items = rows.map((row) => ({
      label: `${KINDS[row.visibility].icon} ${row.pattern}`,
      description: KINDS[row.visibility].meaning,
      row: row as Constraint | undefined,
    }));
    items.push({ label: '$(add) Add…', description: '', row: undefined });
    const placeHolder = `What holds for files of ${folder.name}; choose one to change it`;
    const picked = await choose(items, placeHolder);
    const pattern = picked && (picked.row?.pattern ?? (await askPattern()));
    if (pattern === undefined) {
      return;
    }
    await this.change(workspace, pattern, picked?.row !== undefined);
  }

  private async change(workspace: string, pattern: string, isThere: boolean): Promise<void> {
    const items: (vscode.QuickPickItem & { visibility: ConstraintKind | undefined })[] =
      Object.entries(KINDS).map(([visibility, { icon, meaning }]) => ({
        label: `${icon} ${visibility}`,
        description: meaning,
        visibility: visibility as ConstraintKind,
      }));
    if (isThere) {
      items.push({ label: '$(trash) Remove the constraint', visibility: undefined });
    }
    const picked = await choose(items, pattern);
    if (picked?.visibility !== undefined) {
      const { visibility } = picked;
      await this.rummy.request('file/constraint', { pattern, visibility, workspace });
    } else if (picked) {
      await this.rummy.request('file/drop', { pattern, workspace });
    }
  }

  /** The server asks when a folder is opened for the first time; here the user can think again. */
  private async trust(): Promise<void> {
    const folder = await pickFolder(this.rummy);
    if (!folder) {
      return;
    }
    const items = [
      { label: 'Use It', description: 'it can choose models, and allow commands', trusted: true },
      { label: 'Ignore It', description: '', trusted: false },
    ];
    const picked = await choose(items, `What ${folder.name} brings in .rummy/`);
    if (picked) {
      const { trusted } = picked;
      await this.rummy.request('trust', { workspace: folder.uri.toString(), trusted });
    }
  }

  /** For what is selected in the explorer. */
  private async constrain(visibility: ConstraintKind, uri: unknown, uris: unknown): Promise<void> {
    const selected = Array.isArray(uris) && uris.length > 0 ? (uris as unknown[]) : [uri];
    const patterns: string[] = [];
    for (const resource of selected) {
      const folder =
        resource instanceof vscode.Uri && vscode.workspace.getWorkspaceFolder(resource);
      if (!folder) {
        throw new Error('A constraint holds for files of a workspace folder.');
      }
      const pattern = vscode.workspace.asRelativePath(resource, false);
      const workspace = folder.uri.toString();
      await this.rummy.request('file/constraint', { pattern, visibility, workspace });
      patterns.push(pattern);
    }
    void inform(`Rummy: ${patterns.join(', ')}: ${KINDS[visibility].meaning}.`);
  }
}

function askPattern(): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Rummy: A Constraint for Files',
    prompt: 'A path, or a pattern with * ? ** [] {}',
    placeHolder: 'src/generated/**',
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? 'A path or a pattern is needed' : undefined),
  });
}
