/**
 * The names of entries: as paths (`known://plan`), as `rummy:` URIs, and as what a list shows of them.
 */

/** `rummy:/RUN/ENTRY-PATH`; without an entry, the run's transcript. */
export function entryUri(run: string, entry?: string): string {
  const name = `rummy:/${encodeURIComponent(run)}`;
  return entry === undefined ? name : `${name}/${encodeURIComponent(entry)}`;
}

export interface EntryName {
  readonly run: string;
  /** None: the transcript is meant. */
  readonly entry: string | undefined;
}

/** Takes the decoded path of a `rummy:` URI apart. */
export function entryName(path: string): EntryName | undefined {
  const match = /^\/([^/]+)(?:\/(.+))?$/s.exec(path);
  if (match?.[1] === undefined) {
    return undefined;
  }
  // VS Code makes one slash of two.
  return { run: match[1], entry: match[2]?.replace(/^([a-z_]+):\/(?!\/)/, '$1://') };
}

/** A path without a scheme is that of a file. */
export function schemeOf(entry: string): string {
  return /^([a-z_]+):\/\//.exec(entry)?.[1] ?? 'file';
}

/** The schemes that a client may write. */
export function isWritable(entry: string): boolean {
  return ['known', 'unknown'].includes(schemeOf(entry));
}

/** The path without its scheme and its percent signs, for people. */
export function entryLabel(entry: string): string {
  const bare = entry.replace(/^[a-z_]+:\/\//, '');
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

const ORDER = [
  ['prompt', 'known', 'unknown', 'file', 'skill', 'sh', 'env', 'http', 'mcp', 'log', 'run'],
  // The audit: what went over the wire.
  ['system', 'user', 'assistant', 'reasoning', 'model'],
].flat();

/** What people look for comes first; schemes that are not known come last, by name. */
export function compareSchemes(a: string, b: string): number {
  const place = (scheme: string): number => {
    const index = ORDER.indexOf(scheme);
    return index < 0 ? ORDER.length : index;
  };
  return place(a) - place(b) || a.localeCompare(b);
}

/** What an alias of a run has to look like. */
export function aliasComplaint(alias: string): string | undefined {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(alias)
    ? undefined
    : 'Letters, digits, ".", "_" and "-", at most 64; the first a letter or a digit.';
}
