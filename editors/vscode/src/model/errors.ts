/**
 * Errors in words for the user: the server's messages are such, and stay as they are.
 */

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
