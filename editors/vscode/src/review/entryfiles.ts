/**
 * `rummy:` documents as a file system: a run's entries, and its transcript. Those that a client may write
 * are saved with `set`; all others are read-only.
 */

import * as vscode from 'vscode';
import { entryName, entryUri, isWritable } from '../model/entries';
import { Throttle } from '../model/throttle';
import type { Rummy } from '../rummy';

export const SCHEME = 'rummy';

/** How often an open document of a run at work is read anew. */
const INTERVAL_MS = 500;

interface Read {
  readonly bytes: Uint8Array;
  readonly mtime: number;
  isStale: boolean;
}

export function uriOf(run: string, entry?: string): vscode.Uri {
  return vscode.Uri.parse(entryUri(run, entry));
}

export class EntryFiles implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly read = new Map<string, Read>();
  private readonly dirty = new Set<string>();
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  private readonly throttle = new Throttle(INTERVAL_MS, () => this.flush());
  private readonly disposables: vscode.Disposable[];

  private readonly written = new vscode.EventEmitter<void>();

  readonly onDidChangeFile = this.changed.event;
  /** The user has saved an entry. */
  readonly onDidWrite = this.written.event;

  constructor(private readonly rummy: Rummy) {
    const touch = (run: string): void => {
      this.dirty.add(run);
      this.throttle.call();
    };
    this.disposables = [
      this.changed,
      this.written,
      vscode.workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true }),
      rummy.onDidChangeRun((run) => touch(run.alias)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.read.delete(uri.toString())),
      vscode.workspace.onDidOpenTextDocument((document) => void asMarkdown(document)),
    ];
  }

  /** Tells of the documents that are open; what is read anew then says whether they have changed. */
  private flush(): void {
    const events: vscode.FileChangeEvent[] = [];
    for (const [key, read] of this.read) {
      const uri = vscode.Uri.parse(key);
      const name = entryName(uri.path);
      if (name && this.dirty.has(name.run)) {
        read.isStale = true;
        events.push({ type: vscode.FileChangeType.Changed, uri });
      }
    }
    this.dirty.clear();
    if (events.length > 0) {
      this.changed.fire(events);
    }
  }

  private async load(uri: vscode.Uri): Promise<Read> {
    const key = uri.toString();
    const before = this.read.get(key);
    if (before && !before.isStale) {
      return before;
    }
    const name = entryName(uri.path);
    if (!name) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    let text: string;
    try {
      ({ text } = await this.rummy.request('textDocumentContent', {
        uri: entryUri(name.run, name.entry),
      }));
    } catch (error) {
      throw vscode.FileSystemError.FileNotFound(error instanceof Error ? error.message : uri);
    }
    const bytes = Buffer.from(text, 'utf8');
    const isSame = before !== undefined && Buffer.compare(before.bytes, bytes) === 0;
    const read = { bytes, mtime: isSame ? before.mtime : Date.now(), isStale: false };
    this.read.set(key, read);
    return read;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { bytes, mtime } = await this.load(uri);
    const stat = { type: vscode.FileType.File, ctime: 0, mtime, size: bytes.length };
    const entry = entryName(uri.path)?.entry;
    const isReadonly = entry === undefined || !isWritable(entry);
    return isReadonly ? { ...stat, permissions: vscode.FilePermission.Readonly } : stat;
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.load(uri)).bytes;
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const name = entryName(uri.path);
    if (name?.entry === undefined || !isWritable(name.entry)) {
      throw vscode.FileSystemError.NoPermissions(uri);
    }
    const body = Buffer.from(content).toString('utf8');
    await this.rummy.request('set', { run: name.run, path: name.entry, body });
    this.read.set(uri.toString(), { bytes: content, mtime: Date.now(), isStale: false });
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    this.written.fire();
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.throttle.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** Entries and transcripts are Markdown, where their names do not say otherwise. */
async function asMarkdown(document: vscode.TextDocument): Promise<void> {
  if (document.uri.scheme === SCHEME && document.languageId === 'plaintext') {
    await vscode.languages.setTextDocumentLanguage(document, 'markdown');
  }
}
