/**
 * Command lines as people see them before they run, and as patterns of `commands.allow`.
 */

/** A pattern of `commands.allow` that allows this very line, or undefined where there is none. */
export function allowing(command: string): string | undefined {
  // `*` and `?` are wild there, and nothing makes them mean themselves.
  return /[*?\n\r]/.test(command) ? undefined : command;
}

/** All that has no look of its own, or changes that of others: control and format characters, odd blanks. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** The line with nothing in it that could hide what it does: `\u{202e}` for what turns the text around. */
export function visible(command: string): string {
  return command.replace(UNSEEN, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

const MOST_LINES = 15;
const MOST_CHARACTERS = 1000;

/** What a dialog can show of a command, and whether that is not all. */
export function shortened(command: string): { text: string; isCut: boolean } {
  const lines = command.split('\n');
  const characters = [...lines.slice(0, MOST_LINES).join('\n')];
  const isCut = lines.length > MOST_LINES || characters.length > MOST_CHARACTERS;
  return { text: characters.slice(0, MOST_CHARACTERS).join(''), isCut };
}

/** How a command ended, from what its log entry says: "ran `LINE`, exit=3 after 2 s. Output: …". */
export function ending(body: string): string {
  const said = /.*`([^`]*)\. Output: /s.exec(body)?.[1] ?? '';
  return said.replace(/^[,:]? */, '') || 'ended';
}
