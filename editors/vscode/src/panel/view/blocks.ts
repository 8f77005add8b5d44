/**
 * The blocks of a model's answer, read while it streams: Markdown, and the commands that stand in it as
 * tags. A block that is whole is told once and never again; only the last may still change. What a block
 * looks like is not known here.
 */

import type { Tag } from './tags';
import { closerOf, findCommand } from './tags';

export interface Paragraph {
  readonly kind: 'paragraph' | 'heading' | 'quote' | 'list' | 'table' | 'rule';
  readonly lines: readonly string[];
}

/** Lines that are shown as they are. */
export interface Verbatim {
  readonly kind: 'code' | 'command';
  /** The language of code; the tag and the target of a command. */
  readonly title: string;
}

export interface Sink {
  whole(block: Paragraph): void;
  /** The last block as far as it has come, in place of the draft before. */
  draft(block: Paragraph | undefined): void;
  begin(block: Verbatim): void;
  /** A whole line of what was begun. */
  line(text: string): void;
  /** The line that has not ended, in place of the one before. */
  partial(text: string): void;
  end(): void;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
/** The beginning of a line that may become a fence. */
const MAYBE_FENCE = /^ {0,3}(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)$/;
const KINDS: readonly (readonly [Paragraph['kind'], RegExp])[] = [
  ['heading', /^ {0,3}#{1,6}\s/],
  ['rule', /^ {0,3}([-*_])(?: *\1){2,} *$/],
  ['list', /^\s*(?:[-*+]|\d{1,9}[.)])\s/],
  ['quote', /^ {0,3}>/],
  ['table', /^\s*\|.*\|\s*$/],
];
const SINGLE = new Set<Paragraph['kind']>(['heading', 'rule']);

/** Characters after which a block is taken to be whole, so that no draft takes long to draw. */
const LONGEST = 8 * 1024;

/** How an open block ends in a line: what of the line is still shown in it, and what comes behind it. */
type Ending = (line: string, isWhole: boolean) => { shown: number; next: number } | undefined;

export class BlockReader {
  private unread = '';
  /** Whether a command stands before what is unread, on its line. */
  private isWithin = false;
  /** From where on the unread line may become a command. */
  private held: number | undefined;
  private kind: Paragraph['kind'] = 'paragraph';
  private lines: string[] = [];
  private size = 0;
  /** What ends the verbatim block that is open. */
  private ending: Ending | undefined;

  constructor(private readonly sink: Sink) {}

  take(text: string): void {
    const lines = (this.unread + text).split('\n');
    const unread = lines.pop() ?? '';
    for (const line of lines) {
      this.takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    if (unread.length > LONGEST) {
      // One endless line: it is cut, rather than drawn again and again.
      this.takeLine(unread);
      this.unread = '';
    } else {
      this.unread = this.read(unread, false);
    }
    this.showUnread();
  }

  /** Nothing more comes. */
  finish(): void {
    if (this.unread !== '') {
      this.takeLine(this.unread);
      this.unread = '';
    }
    this.flush();
    if (this.ending) {
      this.ending = undefined;
      this.sink.end();
    }
  }

  private showUnread(): void {
    if (this.ending) {
      this.sink.partial(this.unread);
    } else if (this.lines.length > 0 || this.unread !== '') {
      const unread = this.unread.slice(0, this.held);
      const isText = unread.trim() !== '' && !MAYBE_FENCE.test(unread);
      const lines = isText ? [...this.lines, unread] : [...this.lines];
      const kind = this.lines.length > 0 ? this.kind : kindOf(unread);
      this.sink.draft(lines.length > 0 ? { kind, lines } : undefined);
    }
  }

  private takeLine(line: string): void {
    this.read(line, true);
    this.isWithin = false;
  }

  /** Reads a line, or as much of one that has not ended as cannot change. What is left of it is answered. */
  private read(line: string, isWhole: boolean): string {
    let left = line;
    let rest: string | undefined = line;
    while (rest !== undefined) {
      left = rest;
      rest = this.ending
        ? this.readVerbatim(left, isWhole, this.ending)
        : this.readText(left, isWhole);
      this.isWithin ||= rest !== undefined;
    }
    return left;
  }

  /** What stands behind what was read, if anything was. */
  private readVerbatim(line: string, isWhole: boolean, ending: Ending): string | undefined {
    const end = ending(line, isWhole);
    if (!end) {
      if (isWhole) {
        this.sink.line(line);
      }
      return undefined;
    }
    if (end.shown > 0) {
      this.sink.line(line.slice(0, end.shown));
    } else {
      // Its beginning may have been shown.
      this.sink.partial('');
    }
    this.ending = undefined;
    this.sink.end();
    const rest = line.slice(end.next);
    return isWhole && rest.trim() === '' ? undefined : rest;
  }

  private readText(line: string, isWhole: boolean): string | undefined {
    const fence = FENCE.exec(line);
    if (fence) {
      if (isWhole) {
        this.beginCode(fence[1] ?? '```', fence[2] ?? '');
      }
      return undefined;
    }
    const found = findCommand({ text: line, isWhole, isWithin: this.isWithin });
    if (typeof found === 'object') {
      return this.beginCommand(line, found);
    }
    this.held = found;
    if (isWhole) {
      this.takeText(line);
    }
    return undefined;
  }

  private beginCode(mark: string, language: string): void {
    this.flush();
    const close = new RegExp(`^ {0,3}\\${mark.charAt(0)}{${mark.length},}\\s*$`);
    this.ending = (line, isWhole) =>
      isWhole && close.test(line) ? { shown: 0, next: line.length } : undefined;
    this.sink.begin({ kind: 'code', title: language });
  }

  /** What stands in the line from the command on. */
  private beginCommand(line: string, { at, name, end = at, isEmpty, target }: Tag): string {
    const before = line.slice(0, at);
    if (before.trim() !== '') {
      this.takeText(before);
    }
    this.flush();
    this.sink.begin({ kind: 'command', title: target === undefined ? name : `${name} ${target}` });
    this.ending = endingOf(name, end - at, isEmpty);
    return line.slice(at);
  }

  private takeText(line: string): void {
    if (line.trim() === '') {
      this.flush();
      return;
    }
    const kind = kindOf(line);
    const goesOn =
      this.lines.length > 0 &&
      !SINGLE.has(this.kind) &&
      (kind === this.kind || (kind === 'paragraph' && this.kind === 'list' && /^\s/.test(line)));
    if (!goesOn || this.size > LONGEST) {
      this.flush();
      this.kind = kind;
    }
    this.lines.push(line);
    this.size += line.length;
  }

  private flush(): void {
    if (this.lines.length > 0) {
      this.sink.whole({ kind: this.kind, lines: this.lines });
    }
    this.sink.draft(undefined);
    this.lines = [];
    this.size = 0;
  }
}

function kindOf(line: string): Paragraph['kind'] {
  return KINDS.find(([, pattern]) => pattern.test(line))?.[0] ?? 'paragraph';
}

/** The ending of a command whose opening tag is so long. */
function endingOf(name: string, opening: number, isEmpty: boolean): Ending {
  const closer = closerOf(name);
  let from = opening;
  return (line, isWhole) => {
    const close = closer.exec(line.slice(from));
    const end = isEmpty ? opening : close && from + close.index + close[0].length;
    if (isWhole) {
      from = 0;
    }
    return end === null ? undefined : { shown: end, next: end };
  };
}
