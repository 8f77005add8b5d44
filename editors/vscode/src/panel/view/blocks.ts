/**
 * The blocks of a model's answer, read while it streams: Markdown, and the commands that stand in it as
 * tags. A block that is whole is told once and never again; only the last may still change. What a block
 * looks like is not known here.
 */

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

const TAGS = 'ask_user|call|cp|env|get|mcp|mv|rm|search|set|sh|think|update';
const OPEN = new RegExp(`<(${TAGS})(?=[\\s/>])`);
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
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

export class BlockReader {
  private unread = '';
  private kind: Paragraph['kind'] = 'paragraph';
  private lines: string[] = [];
  private size = 0;
  /** What ends the verbatim block that is open. */
  private until: ((line: string) => number | undefined) | undefined;

  constructor(private readonly sink: Sink) {}

  take(text: string): void {
    const lines = (this.unread + text).split('\n');
    this.unread = lines.pop() ?? '';
    for (const line of lines) {
      this.takeLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    if (this.unread.length > LONGEST) {
      // One endless line: it is cut, rather than drawn again and again.
      this.takeLine(this.unread);
      this.unread = '';
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
    if (this.until) {
      this.until = undefined;
      this.sink.end();
    }
  }

  private showUnread(): void {
    if (this.until) {
      this.sink.partial(this.unread);
    } else if (this.lines.length > 0 || this.unread !== '') {
      // What may become a tag or a fence is not shown as text meanwhile.
      const isText = !/^\s*(?:<[a-z_]*|[`~]{1,3}.*)$/.test(this.unread);
      const lines = isText && this.unread !== '' ? [...this.lines, this.unread] : [...this.lines];
      const kind = this.lines.length > 0 ? this.kind : kindOf(this.unread);
      this.sink.draft(lines.length > 0 ? { kind, lines } : undefined);
    }
  }

  private takeLine(line: string): void {
    if (this.until) {
      this.takeVerbatim(line, this.until);
      return;
    }
    const fence = FENCE.exec(line);
    const tag = isInCode(line) ? null : OPEN.exec(line);
    if (fence) {
      this.beginCode(fence[1] ?? '```', fence[2] ?? '');
    } else if (tag) {
      const before = line.slice(0, tag.index);
      if (before.trim() !== '') {
        this.takeText(before);
      }
      this.beginCommand(line.slice(tag.index), tag[1] ?? '');
    } else if (line.trim() === '') {
      this.flush();
    } else {
      this.takeText(line);
    }
  }

  private takeVerbatim(line: string, until: (line: string) => number | undefined): void {
    const end = until(line);
    if (end === undefined) {
      this.sink.line(line);
      return;
    }
    if (end > 0) {
      this.sink.line(line.slice(0, end));
    }
    this.until = undefined;
    this.sink.end();
    const rest = end === 0 ? '' : line.slice(end);
    if (rest.trim() !== '') {
      this.takeLine(rest);
    }
  }

  private beginCode(mark: string, language: string): void {
    this.flush();
    const close = new RegExp(`^ {0,3}\\${mark.charAt(0)}{${mark.length},}\\s*$`);
    this.until = (line) => (close.test(line) ? 0 : undefined);
    this.sink.begin({ kind: 'code', title: language });
  }

  private beginCommand(line: string, tag: string): void {
    this.flush();
    const close = `</${tag}>`;
    const target =
      /\b(?:path|question|command|name)="([^"]*)"/.exec(line)?.[1] ??
      /^<update[^>]*>([^<]+)/.exec(line)?.[1];
    this.sink.begin({ kind: 'command', title: target === undefined ? tag : `${tag} ${target}` });
    const opening = /^<[^>]*?(\/?)>/.exec(line);
    const isEmpty = opening?.[1] === '/';
    this.until = (next) => {
      const at = next.indexOf(close);
      return at < 0 ? undefined : at + close.length;
    };
    this.takeVerbatim(line, isEmpty ? () => opening?.[0].length : this.until);
  }

  private takeText(line: string): void {
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

/** Whether the first tag of a line is code that is only spoken of. */
function isInCode(line: string): boolean {
  const at = line.search(OPEN);
  return at >= 0 && (line.slice(0, at).match(/`/g)?.length ?? 0) % 2 === 1;
}
