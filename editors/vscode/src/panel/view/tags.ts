/**
 * The commands in a line of an answer: where a tag is one, and where it only looks like one or is only
 * spoken of. The server reads an answer anew when it is whole; here a line is read while it streams, by
 * the same rules as far as a line can tell.
 */

/** The opening tag of a command. */
export interface Tag {
  readonly at: number;
  readonly name: string;
  /** Behind its `>`; none where the line ends first. */
  readonly end: number | undefined;
  /** Whether it closes itself. */
  readonly isEmpty: boolean;
  /** What the command is about. */
  readonly target: string | undefined;
}

export interface Line {
  readonly text: string;
  /** Whether it has come to its end. */
  readonly isWhole: boolean;
  /** Whether more stands before the text on its line. */
  readonly isWithin: boolean;
}

export const NAMES = 'think get set env sh rm cp mv ask_user search update'.split(' ');

const MARK = /`+|</g;
const NAME = new RegExp(`<(${NAMES.join('|')})(?=[\\s/>]|$)`, 'iy');
const ATTRIBUTE = /\s+([a-z][\w.:-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s<>"']+?(?=\s|\/?>|<|$)))?/iy;
const END = /\s*(\/?)>/y;
/** What can follow attributes in a line that breaks off. */
const BREAK = /\s*(?:\/|=\s*(?:"[^"]*|'[^']*)?)?$/y;
const TARGETS = new Set(['path', 'question', 'command', 'name']);
/** The attributes that have no value. */
const FLAGS = new Set(['preview', 'all', 'g']);

/**
 * The first command in a line. A number where none is settled yet: from there on what stands in the line
 * may become one and is not to be shown as text meanwhile.
 */
export function findCommand(line: Line): Tag | number | undefined {
  const { text, isWhole } = line;
  const marks = new RegExp(MARK);
  for (let mark = marks.exec(text); mark; mark = marks.exec(text)) {
    if (mark[0] !== '<') {
      const close = closingRun(text, mark[0].length, marks.lastIndex);
      if (close === undefined && !isWhole) {
        // It may be code up to the end.
        return text.length;
      }
      marks.lastIndex = close ?? marks.lastIndex;
      continue;
    }
    const found = commandAt(line, mark.index);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** Behind the backticks that close a code span. */
function closingRun(text: string, length: number, from: number): number | undefined {
  const runs = /`+/g;
  runs.lastIndex = from;
  for (let run = runs.exec(text); run; run = runs.exec(text)) {
    if (run[0].length === length) {
      return runs.lastIndex;
    }
  }
  return undefined;
}

function commandAt(line: Line, at: number): Tag | number | undefined {
  const { text, isWhole } = line;
  const name = matchAt(NAME, text, at)?.[1]?.toLowerCase();
  if (name === undefined) {
    const isBegun = !isWhole && NAMES.some((known) => beginsWith(`<${known}`, text.slice(at)));
    return isBegun ? at : undefined;
  }
  const from = at + 1 + name.length;
  if (from === text.length) {
    return isWhole ? undefined : at;
  }
  const attributes = readAttributes(text, from);
  const end = matchAt(END, text, attributes.end);
  if (!end) {
    return unended(line, { at, name, ...attributes });
  }
  const tag = {
    at,
    name,
    end: attributes.end + end[0].length,
    isEmpty: end[1] === '/',
    target: attributes.target,
  };
  const isBare = attributes.end === from && !tag.isEmpty;
  const isWithin = line.isWithin || text.slice(0, at).trim() !== '';
  return isBare && isWithin ? unlessMention(line, tag) : settled(line, tag);
}

interface Attributes {
  readonly end: number;
  readonly target: string | undefined;
  readonly hasValue: boolean;
  /** Whether words stand there as in prose: "a <set of two". */
  readonly isTalk: boolean;
}

function readAttributes(text: string, from: number): Attributes {
  let end = from;
  let target: string | undefined;
  let hasValue = false;
  let isTalk = false;
  for (let found = matchAt(ATTRIBUTE, text, end); found; found = matchAt(ATTRIBUTE, text, end)) {
    const [all, name = '', value] = found;
    end += all.length;
    hasValue ||= value !== undefined;
    isTalk ||= value === undefined && !FLAGS.has(name) && /^\s+[^=\s]/.test(text.slice(end));
    target ??= TARGETS.has(name) ? value?.replace(/^(["'])(.*)\1$/, '$2') : undefined;
  }
  return { end, target, hasValue, isTalk };
}

/** An opening tag that does not end on its line, as far as the line has come. */
function unended(
  { text, isWhole }: Line,
  { at, name, end, target, hasValue, isTalk }: Attributes & Pick<Tag, 'at' | 'name'>,
): Tag | number | undefined {
  const breaksOff = matchAt(BREAK, text, end) !== null;
  if (!isWhole) {
    return hasValue || (breaksOff && !isTalk) ? at : undefined;
  }
  const isOpen = hasValue || (breaksOff && /=\s*["']/.test(text.slice(end)));
  return isOpen ? { at, name, end: undefined, isEmpty: false, target } : undefined;
}

/**
 * "Use <get> for that": a bare tag within a line is spoken of unless it is closed there. One that ends its
 * line has its body below.
 */
function unlessMention(line: Line, tag: Tag & { readonly end: number }): Tag | number | undefined {
  const { text, isWhole } = line;
  const behind = text.slice(tag.end);
  const isLast = behind.trim() === '';
  if (closerOf(tag.name).test(behind) || (isLast && isWhole)) {
    return settled(line, tag);
  }
  if (isWhole) {
    return undefined;
  }
  return isLast ? tag.at : text.length;
}

/** What an update is about is its text, which has to be there. */
function settled({ text, isWhole }: Line, tag: Tag & { readonly end: number }): Tag | number {
  if (tag.name !== 'update' || tag.isEmpty) {
    return tag;
  }
  const [said = ''] = /^[^<]*/.exec(text.slice(tag.end)) ?? [];
  const isThere = isWhole || tag.end + said.length < text.length;
  return isThere ? { ...tag, target: said.trim() === '' ? undefined : said } : tag.at;
}

/** What closes the body of a command. */
export function closerOf(name: string): RegExp {
  return new RegExp(`</${name}[ \\t]*>`, 'i');
}

function beginsWith(whole: string, beginning: string): boolean {
  return whole.startsWith(beginning.toLowerCase());
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
