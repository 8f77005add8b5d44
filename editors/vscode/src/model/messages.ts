/**
 * Text for VS Code's notifications. They make links of `[text](target)`, also such that run commands of the
 * editor, and much of what is shown in them comes from a model or is the name of a file.
 */

/** The text with no link in it. */
export function unlinked(text: string): string {
  return text.replaceAll('](', '] (');
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
