// An editor made of the library that VS Code speaks LSP with, on a server of its own: a workspace, a
// scripted model, documents that are kept as VS Code keeps them. What the tests are about is in
// session.test.mjs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

// Where tests/run has put the libraries.
const library = createRequire(path.join(process.env.RUMMY_TEST_NODE_MODULES, "any.js"));
export const lsp = library("vscode-languageserver-protocol/node");
const { TextDocument } = library("vscode-languageserver-textdocument");

/** Milliseconds that anything may take. Far more than it takes, for machines under load. */
export const PATIENCE = 60_000;

/** What this client can do; a test may take some of it away. */
const CAPABILITIES = {
  window: { workDoneProgress: true, showMessage: {} },
  workspace: {
    applyEdit: true,
    configuration: false,
    workspaceEdit: { documentChanges: true, resourceOperations: ["create", "rename", "delete"] },
    workspaceFolders: true,
    codeLens: { refreshSupport: true },
  },
  textDocument: {
    publishDiagnostics: { versionSupport: true, dataSupport: true },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ["", "quickfix", "refactor", "source"] } },
      dataSupport: true,
      resolveSupport: { properties: ["edit"] },
    },
    hover: { contentFormat: ["markdown", "plaintext"] },
  },
};

/** A folder with a home, a database and a workspace. A second editor finds what the first left. */
export class Desk {
  constructor(files, answers) {
    this.root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "rummy-node-")));
    this.home = path.join(this.root, "home");
    this.workspace = path.join(this.root, "work space");
    fs.mkdirSync(this.home);
    fs.mkdirSync(this.workspace);
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(this.path(name), text);
    this.script = path.join(this.root, "answers.jsonl");
    const lines = answers.map((answer) => JSON.stringify(typeof answer === "string" ? { answer } : answer));
    fs.writeFileSync(this.script, lines.join("\n"));
  }

  path(name) {
    return path.join(this.workspace, name);
  }

  uri(name) {
    return pathToFileURL(this.path(name)).href;
  }

  remove() {
    fs.rmSync(this.root, { recursive: true });
  }

  environment() {
    const folder = (name) => path.join(this.home, name);
    return {
      PATH: process.env.PATH,
      HOME: this.home,
      XDG_CONFIG_HOME: folder("config"),
      XDG_DATA_HOME: folder("data"),
      XDG_STATE_HOME: folder("state"),
      XDG_CACHE_HOME: folder("cache"),
      RUMMY_HOME: folder("rummy"),
      RUMMY_DB_PATH: folder("rummy.db"),
      // No server can listen on port 0: what runs on this machine is not looked for.
      OLLAMA_HOST: "127.0.0.1:0",
    };
  }
}

export class Editor {
  constructor(desk) {
    this.desk = desk;
    this.documents = new Map();
    this.diagnostics = new Map();
    this.proposals = [];
    this.states = [];
    this.progress = [];
    this.created = [];
    this.asked = [];
    this.edits = [];
    this.watchers = new Set();
    /** Answers `workspace/applyEdit`. */
    this.onEdit = (edit) => this.apply(edit);
    /** Answers `window/showMessageRequest`. */
    this.onQuestion = () => null;
    this.server = spawn(process.env.RUMMY_TEST_SERVER, [], {
      cwd: desk.workspace,
      env: desk.environment(),
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.exit = once(this.server, "exit");
    this.said = "";
    this.server.stderr.setEncoding("utf8").on("data", (text) => (this.said += text));
    const reader = new lsp.StreamMessageReader(this.server.stdout);
    // Its timer outlives a server that was killed within a message, and would keep this process.
    reader.partialMessageTimeout = 0;
    this.connection = lsp.createProtocolConnection(
      reader,
      new lsp.StreamMessageWriter(this.server.stdin),
    );
    this.listen();
  }

  /** An editor that has shaken hands. */
  static async start(desk, { options = {}, capabilities = CAPABILITIES, processId = process.pid } = {}) {
    const editor = new Editor(desk);
    editor.initialized = await editor.initialize({ options, capabilities, processId });
    await editor.connection.sendNotification(lsp.InitializedNotification.type, {});
    return editor;
  }

  initialize({ options = {}, capabilities = CAPABILITIES, processId = process.pid } = {}) {
    const folder = pathToFileURL(this.desk.workspace).href;
    return this.connection.sendRequest(lsp.InitializeRequest.type, {
      processId,
      rootUri: folder,
      workspaceFolders: [{ uri: folder, name: "workspace" }],
      capabilities,
      initializationOptions: {
        clientVersion: "2.0.0",
        models: { scripted: { actual: `replay/${this.desk.script}` } },
        ...options,
      },
    });
  }

  listen() {
    const notice = (type, take) => this.connection.onNotification(type, (params) => this.note(() => take(params)));
    const request = (type, answer) =>
      this.connection.onRequest(type, (params) => {
        const answered = answer(params);
        this.note(() => {});
        return answered;
      });
    notice(lsp.PublishDiagnosticsNotification.type, (found) => this.diagnostics.set(found.uri, found));
    notice("run/state", (state) => this.states.push(state));
    notice("run/proposal", (told) => this.proposals.push(told));
    notice("$/progress", (told) => this.progress.push(told));
    // What of the rest is no concern of these tests.
    for (const method of ["run/text", "run/progress", "stream/chunk", "window/logMessage", "window/showMessage"])
      notice(method, () => {});
    request(lsp.WorkDoneProgressCreateRequest.type, ({ token }) => {
      this.created.push(token);
      return null;
    });
    request(lsp.CodeLensRefreshRequest.type, () => null);
    request(lsp.ShowMessageRequest.type, (params) => {
      this.asked.push(params);
      return this.onQuestion(params);
    });
    request(lsp.ApplyWorkspaceEditRequest.type, (params) => {
      this.edits.push(params);
      return this.onEdit(params.edit);
    });
    this.connection.listen();
  }

  note(take) {
    take();
    for (const wake of this.watchers) wake();
  }

  /** Waits until something holds, and returns what made it hold. */
  until(what, condition) {
    return new Promise((resolve, reject) => {
      const give_up = () => end(() => reject(new Error(`waited ${PATIENCE} ms in vain for ${what}\n${this.said}`)));
      const timer = setTimeout(give_up, PATIENCE);
      const end = (settle) => {
        clearTimeout(timer);
        this.watchers.delete(look);
        settle();
      };
      const look = () => {
        const held = condition();
        if (held) end(() => resolve(held));
      };
      this.watchers.add(look);
      look();
    });
  }

  request(method, ...params) {
    return this.connection.sendRequest(method, ...params);
  }

  /** The error that a request is answered with. */
  async refused(method, ...params) {
    const answer = await this.request(method, ...params).then(
      (result) => assert.fail(`${method} was not refused: ${JSON.stringify(result)}`),
      (error) => error,
    );
    assert.ok(answer instanceof lsp.ResponseError, String(answer));
    return answer;
  }

  open(name) {
    const uri = this.desk.uri(name);
    const document = TextDocument.create(uri, "python", 1, fs.readFileSync(this.desk.path(name), "utf8"));
    this.documents.set(uri, document);
    return this.connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "python", version: 1, text: document.getText() },
    });
  }

  text(name) {
    return this.documents.get(this.desk.uri(name)).getText();
  }

  /** A change as a user types it: at a place, in the units of UTF-16. */
  type(name, start, end, text) {
    return this.change(this.desk.uri(name), [{ range: { start, end }, text }]);
  }

  change(uri, contentChanges) {
    const document = this.documents.get(uri);
    const version = document.version + 1;
    TextDocument.update(document, contentChanges, version);
    return this.connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  /** Carries an edit out as VS Code does: all of it, or nothing where a version is not the text's. */
  apply(edit) {
    assert.ok(lsp.WorkspaceEdit.is(edit), JSON.stringify(edit));
    const changes = edit.documentChanges;
    const isStale = changes.some(({ textDocument }) => {
      const document = textDocument && this.documents.get(textDocument.uri);
      return document && textDocument.version !== document.version;
    });
    if (isStale) return { applied: false };
    for (const change of changes) {
      assert.ok(lsp.TextDocumentEdit.is(change), `nothing here moves a file: ${JSON.stringify(change)}`);
      const document = this.documents.get(change.textDocument.uri);
      const text = TextDocument.applyEdits(document, change.edits);
      this.change(change.textDocument.uri, [{ text }]);
    }
    return { applied: true };
  }

  act(run, prompt = "do it", rest = {}) {
    return this.request("rummy/act", { run, prompt, ...rest });
  }

  /** Waits until a run has so many proposals pending, and returns them. */
  pending(run, count) {
    return this.until(`${count} proposals of ${run}`, () => {
      const told = this.proposals.findLast((told) => told.run === run);
      return told?.proposals.length === count && told.proposals;
    });
  }

  /** Waits until a run has this status. */
  ended(run, status) {
    return this.until(`${run} at ${status}`, () => {
      const state = this.states.findLast((state) => state.run === run);
      return state?.status === status && state;
    });
  }

  actions(name, range, context = { diagnostics: [] }) {
    return this.request(lsp.CodeActionRequest.type, {
      textDocument: { uri: this.desk.uri(name) },
      range,
      context,
    });
  }

  lenses(name) {
    return this.request(lsp.CodeLensRequest.type, { textDocument: { uri: this.desk.uri(name) } });
  }

  /** Sends `exit`, and sees that the server ends with this code. */
  async leave(code) {
    await this.connection.sendNotification(lsp.ExitNotification.type);
    assert.deepEqual(await this.exit, [code, null], this.said);
  }

  /** Takes leave as an editor should, where the test has not ended the server. */
  async close() {
    if (this.hasEnded()) return;
    await this.request(lsp.ShutdownRequest.type);
    await this.leave(0);
  }

  hasEnded() {
    return this.server.exitCode !== null || this.server.signalCode !== null;
  }

  /** Ends the server where it has not ended. */
  kill() {
    this.connection.dispose();
    if (!this.hasEnded()) this.server.kill("SIGKILL");
  }
}

/** Capabilities without the one that is named by a path of keys. */
export function without(...keys) {
  const capabilities = structuredClone(CAPABILITIES);
  const last = keys.pop();
  delete keys.reduce((at, key) => at[key], capabilities)[last];
  return capabilities;
}

/** Capabilities with another value at a path of keys. */
export function having(value, ...keys) {
  const capabilities = structuredClone(CAPABILITIES);
  const last = keys.pop();
  keys.reduce((at, key) => (at[key] ??= {}), capabilities)[last] = value;
  return capabilities;
}
