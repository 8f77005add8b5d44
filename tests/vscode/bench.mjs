// Prepares a workspace, settings and a scripted model, and plays the measures in it. See tests/bench-vscode.

import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** The transcript: so many turns, each with so many characters of text. */
const TURNS = 60;
const TEXT = 45_000;

const [tools, server] = process.argv.slice(2);
const root = fs.mkdtempSync(path.join(os.tmpdir(), "rummy-bench-"));
const home = path.join(root, "home");
const workspace = path.join(root, "workspace");
const extensions = path.join(root, "extensions");

function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
}

/** A turn every 150 ms with four commands: 20 states a second and more. */
function script() {
  const line = "- a point with `code` in it, **strong** words and a [link](https://example.org/)\n";
  const prose = `## What I see\n\n${line.repeat(20)}\n`;
  const code = "```rust\n" + 'fn main() {\n    println!("{}", 42);\n}\n'.repeat(20) + "```\n\n";
  const text = (prose + code).repeat(Math.ceil(TEXT / (prose + code).length)).slice(0, TEXT);
  return Array.from({ length: TURNS }, (_, turn) => {
    const notes = [1, 2, 3].map((note) => `<set path="known://turn_${turn}/${note}">note ${note}</set>\n`).join("");
    const end = turn === TURNS - 1 ? 200 : 145;
    const answer = `${text}\n\n${notes}<update status="${end}">Turn ${turn}</update>\n`;
    return JSON.stringify({ answer, delayMs: 50, chunk: 3500, chunkDelayMs: 10 });
  }).join("\n");
}

function play(measure) {
  const { status } = spawnSync(process.execPath, [path.join(import.meta.dirname, "play.mjs"), measure], {
    cwd: workspace,
    stdio: "inherit",
    env: {
      PATH: process.env.PATH,
      HOME: home,
      RUMMY_HOME: path.join(home, "rummy"),
      RUMMY_DB_PATH: path.join(home, "rummy.db"),
      RUMMY_MAX_TURNS: String(TURNS + 1),
      RUMMY_MODEL_test: `replay/${path.join(root, "answers.jsonl")}`,
      OLLAMA_HOST: "127.0.0.1:0",
      RUMMY_TEST_VSCODE: tools,
      RUMMY_TEST_CHROMIUM: process.env.RUMMY_TEST_CHROMIUM ?? "/usr/bin/chromium",
      RUMMY_TEST_EXTENSIONS: extensions,
      RUMMY_TEST_PICTURES: path.join(os.tmpdir(), "rummy-bench-pictures"),
    },
  });
  if (status !== 0) throw new Error(`the measure ${measure} failed`);
}

try {
  write(path.join(workspace, ".git/HEAD"), "ref: refs/heads/main\n");
  write(path.join(workspace, "a.txt"), "a\n");
  write(path.join(root, "answers.jsonl"), script());
  const settings = { "rummy.server.path": path.resolve(server) };
  write(path.join(home, "code/Machine/settings.json"), JSON.stringify(settings));
  const quiet = {
    "chat.disableAIFeatures": true,
    "security.workspace.trust.enabled": false,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
  };
  write(path.join(home, "code/User/settings.json"), JSON.stringify(quiet));
  const entry = path.join(tools, "node_modules/code-server/out/node/entry.js");
  const install = ["--install-extension", path.resolve("editors/vscode/out/rummy-lsp.vsix")];
  const folders = ["--extensions-dir", extensions, "--user-data-dir", path.join(home, "code")];
  execFileSync(process.execPath, [entry, ...install, ...folders], { env: { ...process.env, HOME: home } });
  play("measures/activation");
  play("measures/panel");
} finally {
  fs.rmSync(root, { recursive: true });
}
