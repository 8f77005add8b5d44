/**
 * What stands within a line of Markdown: code, emphasis, links, and paths of entries. It is read into plain
 * values; what a model writes as HTML stays text. The time that it takes grows with the text, whatever is
 * in it.
 */

export type Inline =
  | { readonly kind: 'text' | 'code' | 'entry'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis' | 'strike'; readonly parts: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly parts: readonly Inline[] };

const EMPHASES: readonly (readonly [string, 'strong' | 'emphasis' | 'strike'])[] = [
  ['**', 'strong'],
  ['__', 'strong'],
  ['~~', 'strike'],
  ['*', 'emphasis'],
  ['_', 'emphasis'],
];

const SPECIAL = /[\\`*_~[<]|\bhttps?:\/\/|\b[a-z]+:\/\//g;
const HREF = /^https?:\/\/[^\s<>"]+$/i;
const ADDRESS = /^https?:\/\/[^\s<>"'`|]+/i;
const ENTRY =
  /^(?:known|unknown|log|prompt|skill|sh|env|run|model|update|search|plan):\/\/[^\s<>"'`|]+/;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?)\]]+$/;

/** How deep emphasis is looked for in emphasis. */
const DEPTH = 4;

export function readInline(text: string, depth = 0): Inline[] {
  return new Reader(text, depth).read();
}

class Reader {
  private readonly parts: Inline[] = [];
  private plain = '';
  private at = 0;
  /** Marks that were looked for in vain: they close nowhere further on either. */
  private readonly unclosed = new Set<string>();

  constructor(
    private readonly text: string,
    private readonly depth: number,
  ) {}

  read(): Inline[] {
    const special = new RegExp(SPECIAL);
    while (this.at < this.text.length) {
      special.lastIndex = this.at;
      const next = special.exec(this.text)?.index ?? this.text.length;
      this.plain += this.text.slice(this.at, next);
      this.at = next;
      if (next < this.text.length && !this.take()) {
        this.plain += this.text[this.at] ?? '';
        this.at += 1;
      }
    }
    this.flush();
    return this.parts;
  }

  private take(): boolean {
    switch (this.text[this.at]) {
      case '\\':
        return this.takeEscape();
      case '`':
        return this.takeCode();
      case '[':
        return this.takeLink();
      case '<':
        return false;
      case '*':
      case '_':
      case '~':
        return this.depth < DEPTH && this.takeEmphasis();
      default:
        return this.takeAddress();
    }
  }

  private takeEscape(): boolean {
    const escaped = this.text[this.at + 1];
    if (escaped === undefined || !/[!-/:-@[-`{-~]/.test(escaped)) {
      return false;
    }
    this.plain += escaped;
    this.at += 2;
    return true;
  }

  private takeCode(): boolean {
    const mark = /^`+/.exec(this.text.slice(this.at, this.at + 16))?.[0] ?? '`';
    const close = this.find(mark, this.at + mark.length);
    if (close === undefined) {
      this.plain += mark;
      this.at += mark.length;
      return true;
    }
    const code = this.text.slice(this.at + mark.length, close);
    const isPadded = /^ .*\S.* $/s.test(code);
    this.add({ kind: 'code', text: isPadded ? code.slice(1, -1) : code }, close + mark.length);
    return true;
  }

  private takeEmphasis(): boolean {
    const found = EMPHASES.find(([mark]) => this.text.startsWith(mark, this.at));
    if (!found) {
      return false;
    }
    const [mark, kind] = found;
    const from = this.at + mark.length;
    const isWithinWord = mark.startsWith('_') && /\w/.test(this.text[this.at - 1] ?? ' ');
    if (isWithinWord || /\s/.test(this.text[from] ?? ' ')) {
      return false;
    }
    const close = this.find(mark, from + 1);
    if (close === undefined || /\s/.test(this.text[close - 1] ?? ' ')) {
      return false;
    }
    const parts = readInline(this.text.slice(from, close), this.depth + 1);
    this.add({ kind, parts }, close + mark.length);
    return true;
  }

  private takeLink(): boolean {
    const middle = this.find('](', this.at);
    const close = middle === undefined ? undefined : this.find(')', middle);
    if (middle === undefined || close === undefined) {
      return false;
    }
    const href = this.text.slice(middle + 2, close).trim();
    if (!HREF.test(href)) {
      return false;
    }
    const parts = this.depth < DEPTH ? readInline(this.text.slice(this.at + 1, middle), DEPTH) : [];
    this.add({ kind: 'link', href, parts }, close + 1);
    return true;
  }

  private takeAddress(): boolean {
    const rest = this.text.slice(this.at, this.at + 2048);
    const [found] = ADDRESS.exec(rest) ?? ENTRY.exec(rest) ?? [];
    if (found === undefined) {
      return false;
    }
    const address = found.replace(TRAILING, '');
    const isLink = HREF.test(address);
    this.add(
      isLink
        ? { kind: 'link', href: address, parts: [{ kind: 'text', text: address }] }
        : { kind: 'entry', text: address },
      this.at + address.length,
    );
    return true;
  }

  private find(mark: string, from: number): number | undefined {
    if (this.unclosed.has(mark)) {
      return undefined;
    }
    const found = this.text.indexOf(mark, from);
    if (found < 0) {
      this.unclosed.add(mark);
      return undefined;
    }
    return found;
  }

  private add(part: Inline, next: number): void {
    this.flush();
    this.parts.push(part);
    this.at = next;
  }

  private flush(): void {
    if (this.plain !== '') {
      this.parts.push({ kind: 'text', text: this.plain });
      this.plain = '';
    }
  }
}
