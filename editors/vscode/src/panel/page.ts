/**
 * The page of the run panel: a frame of elements that the script fills. The content security policy lets
 * nothing in but the one script and the one style sheet of the extension.
 */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export function page(extension: vscode.Uri, webview: vscode.Webview): string {
  const nonce = randomBytes(16).toString('base64');
  const uri = (...path: string[]): vscode.Uri =>
    webview.asWebviewUri(vscode.Uri.joinPath(extension, ...path));
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta http-equiv="Content-Security-Policy" content="${policy}">
  <meta name="viewport" content="width=device-width, initial-scale=1.0">
  <link rel="stylesheet" href="${uri('media', 'panel.css').toString()}">
  <title>Run</title>
</head>
<body>
  <header id="head"></header>
  <main id="transcript" tabindex="0" role="region" aria-label="Transcript"></main>
  <button id="to-end" type="button" hidden>↓ To the end</button>
  <footer>
    <section id="pending" aria-label="Waiting for you" hidden></section>
    <form id="composer"></form>
  </footer>
  <div id="spoken" class="unseen" role="status"></div>
  <script nonce="${nonce}" src="${uri('out', 'panel.js').toString()}"></script>
</body>
</html>`;
}
