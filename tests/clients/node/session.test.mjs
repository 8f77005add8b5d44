// A client that knows nothing of rummy but its pages, made of the library that VS Code speaks LSP with.
// Each test has a server of its own with a scripted model.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import { test } from "node:test";

import { Desk, Editor, having, lsp, without } from "./editor.mjs";

const GREET = '# größer 🚀\ndef greet(name):\n    print("hi 🚀 " + name)\n';
const HI = '    print("hi 🚀 " + name)\n';
const POLITE = '    print("Good day 🚀 " + name)\n';
const polite = edit("greet.py", HI, POLITE) + update(200, "Made it polite");
const done = update(200, "Done");

function edit(path, old, text) {
  return `<set path="${path}">\n<<<<<<< SEARCH\n${old}=======\n${text}>>>>>>> REPLACE\n</set>\n`;
}

function update(status, text) {
  return `<update status="${status}">${text}</update>\n`;
}

const at = (line, character) => ({ line, character });
const cursor = (line) => ({ start: at(line, 0), end: at(line, 0) });

/** Runs a test at a desk, and leaves nothing of it. */
function session(name, { files = { "greet.py": GREET }, answers = [polite], ...options }, body) {
  test(name, async () => {
    const desk = new Desk(files, answers);
    const editors = [];
    const start = async (more = {}) => {
      const editor = await Editor.start(desk, { ...options, ...more });
      editors.push(editor);
      return editor;
    };
    try {
      await body(start, desk, editors);
      for (const editor of editors) await editor.close();
    } finally {
      for (const editor of editors) editor.kill();
      desk.remove();
    }
  });
}

/** Opens the file, starts a run on it, and waits for its one proposal. */
async function proposed(editor, run = "fix") {
  await editor.open("greet.py");
  await editor.act(run);
  const [proposal] = await editor.pending(run, 1);
  return proposal;
}

session("the server says its version, its encoding and its commands", {}, async (start) => {
  const { capabilities, serverInfo } = (await start()).initialized;
  assert.equal(serverInfo.name, "rummy-lsp");
  assert.deepEqual(capabilities.experimental, { rummy: { protocolVersion: "2.0.0" } });
  assert.equal(capabilities.positionEncoding, lsp.PositionEncodingKind.UTF16);
  assert.equal(capabilities.textDocumentSync.change, lsp.TextDocumentSyncKind.Incremental);
  const commands = capabilities.executeCommandProvider.commands;
  assert.deepEqual(commands, [...new Set(commands)]);
  for (const needed of ["rummy.act", "rummy.accept", "rummy.reject", "rummy.undo", "rummy.abort"])
    assert.ok(commands.includes(needed), needed);
});

session(
  "utf-8 is spoken with a client that lists it",
  { capabilities: having(["utf-16", "utf-8"], "general", "positionEncodings") },
  async (start) => {
    const editor = await start();
    assert.equal(editor.initialized.capabilities.positionEncoding, lsp.PositionEncodingKind.UTF8);
  },
);

session("a client of another major version is refused with both versions named", {}, async (_, desk, editors) => {
  const editor = new Editor(desk);
  editors.push(editor);
  const error = await editor.initialize({ options: { clientVersion: "3.1.0" } }).catch((error) => error);
  assert.ok(error instanceof lsp.ResponseError);
  assert.match(error.message, /3\.1\.0/);
  assert.match(error.message, /2\.0\.0/);
  await editor.leave(1);
});

session("before initialize every request is refused and afterwards none is", {}, async (_, desk, editors) => {
  const editor = new Editor(desk);
  editors.push(editor);
  for (const method of ["rummy/ping", "textDocument/codeLens", "shutdown"]) {
    const error = await editor.refused(method, {});
    assert.equal(error.code, lsp.ErrorCodes.ServerNotInitialized, method);
  }
  await editor.initialize();
  assert.deepEqual(await editor.request("rummy/ping", {}), {});
});

session("an unknown method and a bad parameter are errors that say so", {}, async (start) => {
  const editor = await start();
  const unknown = await editor.refused("rummy/nonsense", {});
  assert.deepEqual([unknown.code, unknown.data.kind], [lsp.ErrorCodes.MethodNotFound, "unknown_method"]);
  const bad = await editor.refused("rummy/act", { prompt: 5 });
  assert.deepEqual([bad.code, bad.data.kind], [lsp.ErrorCodes.InvalidParams, "invalid_params"]);
  assert.match(bad.message, /prompt/);
  const command = { command: "rummy.getRun", arguments: [{ run: "nobody" }] };
  const missing = await editor.refused(lsp.ExecuteCommandRequest.type, command);
  assert.equal(missing.data.kind, "not_found");
});

session("a request sees the changes that were sent before it and none that were sent after", {}, async (start) => {
  const editor = await start();
  await proposed(editor);
  const asked = [];
  for (let count = 1; count <= 400; count++) {
    editor.type("greet.py", at(1, 0), at(1, 0), `# ${count} 🚀\n`);
    if (count % 4 === 0) asked.push([count, editor.lenses("greet.py")]);
  }
  for (const [count, answer] of asked) {
    const lines = (await answer).map((lens) => lens.range.start.line);
    assert.deepEqual(lines, [2 + count, 2 + count, 2 + count]);
  }
});

session("diagnostics, lenses, hovers and actions have the shapes of the protocol", {}, async (start, desk) => {
  const editor = await start();
  const { path } = await proposed(editor);
  const uri = desk.uri("greet.py");
  const found = await editor.until("a diagnostic", () => editor.diagnostics.get(uri)?.diagnostics.length && editor.diagnostics.get(uri));
  assert.equal(found.version, 1);
  const range = { start: at(2, 0), end: at(3, 0) };
  const data = { run: "fix", path, hunk: "h1" };
  assert.ok(found.diagnostics.every(lsp.Diagnostic.is));
  assert.deepEqual(
    found.diagnostics.map(({ message, ...rest }) => rest),
    [{ range, severity: lsp.DiagnosticSeverity.Information, code: "proposal", source: "rummy", data }],
  );

  const lenses = await editor.lenses("greet.py");
  assert.ok(lenses.every(lsp.CodeLens.is));
  assert.deepEqual(
    lenses.map((lens) => [lens.range, lens.command.title, lens.command.command]),
    [
      [range, "Accept", "rummy.accept"],
      [range, "Reject", "rummy.reject"],
      [range, "Diff", "rummy.diff"],
    ],
  );

  const hover = await editor.request(lsp.HoverRequest.type, { textDocument: { uri }, position: at(2, 6) });
  assert.ok(lsp.Hover.is(hover) && lsp.MarkupContent.is(hover.contents));
  assert.match(hover.contents.value, /```diff\n[^]*\+ {4}print\("Good day 🚀 " \+ name\)\n/);

  const actions = await editor.actions("greet.py", cursor(2), { diagnostics: found.diagnostics });
  assert.ok(actions.every(lsp.CodeAction.is));
  assert.deepEqual(
    actions.map((action) => [action.kind, action.command.command, action.command.arguments]),
    [
      ["quickfix.rummy.accept", "rummy.accept", [{ run: "fix", path, hunks: ["h1"] }]],
      ["quickfix.rummy.reject", "rummy.reject", [{ run: "fix", path, hunks: ["h1"] }]],
      ["quickfix.rummy.accept", "rummy.accept", [{ run: "fix", path }]],
      ["quickfix.rummy.reject", "rummy.reject", [{ run: "fix", path }]],
      ["source.rummy.acceptAll", "rummy.accept", [{ run: "fix" }]],
      ["source.rummy.rejectAll", "rummy.reject", [{ run: "fix" }]],
    ],
  );
  assert.deepEqual(
    actions.filter((action) => action.isPreferred).map((action) => action.title),
    [actions[0].title],
  );
  assert.deepEqual(await editor.request(lsp.CodeActionResolveRequest.type, actions[0]), actions[0]);

  const only = await editor.actions("greet.py", cursor(2), { diagnostics: [], only: ["source"] });
  assert.deepEqual(
    only.map((action) => action.kind),
    ["source.rummy.acceptAll", "source.rummy.rejectAll"],
  );
});

session("an accepted hunk is one edit for the version of the open document", { answers: [polite, done] }, async (start, desk) => {
  const editor = await start();
  const { path } = await proposed(editor);
  await editor.type("greet.py", at(0, 0), at(0, 0), "# 👩‍👩‍👧 a family of eight units\n");
  const [lens] = await editor.lenses("greet.py");
  const answer = await editor.request(lsp.ExecuteCommandRequest.type, lens.command);
  assert.deepEqual(answer, { accepted: [path], failed: [] });
  assert.equal(editor.text("greet.py"), "# 👩‍👩‍👧 a family of eight units\n" + GREET.replace(HI, POLITE));
  const [{ edit }, ...more] = editor.edits;
  assert.deepEqual(more, []);
  assert.deepEqual(
    edit.documentChanges.map((change) => change.textDocument),
    [{ uri: desk.uri("greet.py"), version: 2 }],
  );
  assert.equal((await editor.ended("fix", 200)).pending, 0);
  assert.deepEqual(editor.diagnostics.get(desk.uri("greet.py")).diagnostics, []);
  assert.equal(fs.readFileSync(desk.path("greet.py"), "utf8"), GREET);

  const undone = await editor.request("rummy/undo", { run: "fix", all: true });
  assert.deepEqual(undone, { undone: [path], failed: [] });
  assert.equal(editor.text("greet.py"), "# 👩‍👩‍👧 a family of eight units\n" + GREET);
});

session("an edit that typing overtakes is refused by the editor and stays pending", {}, async (start) => {
  const editor = await start();
  const { path } = await proposed(editor);
  editor.onEdit = (edit) => {
    editor.type("greet.py", at(1, 0), at(1, 0), "# meanwhile\n");
    return editor.apply(edit);
  };
  const { accepted, failed } = await editor.request("rummy/accept", { run: "fix", path });
  assert.deepEqual(accepted, []);
  assert.deepEqual(failed.map((one) => one.path), [path]);
  const typed = GREET.replace("def", "# meanwhile\ndef");
  assert.equal(editor.text("greet.py"), typed);

  editor.onEdit = (edit) => editor.apply(edit);
  assert.deepEqual(await editor.request("rummy/accept", { run: "fix", path }), { accepted: [path], failed: [] });
  assert.equal(editor.text("greet.py"), typed.replace(HI, POLITE));
});

session("an edit that the editor calls applied and has not carried out is not accepted", {}, async (start) => {
  const editor = await start();
  const { path } = await proposed(editor);
  editor.onEdit = () => ({ applied: true });
  const { accepted, failed } = await editor.request("rummy/accept", { run: "fix", path });
  assert.deepEqual([accepted, failed.map((one) => one.path)], [[], [path]]);
  assert.equal(editor.text("greet.py"), GREET);
  assert.equal((await editor.request("rummy/getRun", { run: "fix" })).pending, 1);
});

session("a change of the same lines is a conflict and stays the user's", {}, async (start) => {
  const editor = await start();
  const { path } = await proposed(editor);
  // Between the two halves of the rocket there is no place: the change ends behind it.
  await editor.type("greet.py", at(2, 11), at(2, 16), "bye 🛰️");
  const mine = GREET.replace("hi 🚀", "bye 🛰️");
  assert.equal(editor.text("greet.py"), mine);
  const { accepted, failed } = await editor.request("rummy/accept", { run: "fix", path });
  assert.deepEqual(accepted, []);
  assert.match(failed[0].reason, /^conflict/);
  assert.equal(editor.text("greet.py"), mine);
  assert.deepEqual(editor.edits, []);
});

session("a client without documentChanges is given plain changes", { capabilities: without("workspace", "workspaceEdit", "documentChanges") }, async (start, desk) => {
  const editor = await start();
  const { path } = await proposed(editor);
  const uri = desk.uri("greet.py");
  editor.onEdit = (edit) => {
    assert.deepEqual(Object.keys(edit), ["changes"]);
    return editor.apply({ documentChanges: [{ textDocument: { uri, version: 1 }, edits: edit.changes[uri] }] });
  };
  assert.deepEqual(await editor.request("rummy/accept", { run: "fix", path }), { accepted: [path], failed: [] });
  assert.equal(editor.text("greet.py"), GREET.replace(HI, POLITE));
});

session("a cancelled accept is answered and accepts nothing", {}, async (start) => {
  const editor = await start();
  const { path } = await proposed(editor);
  let refuse;
  editor.onEdit = () => new Promise((resolve) => (refuse = () => resolve({ applied: false })));
  const source = new lsp.CancellationTokenSource();
  const accept = editor.request("rummy/accept", { run: "fix", path }, source.token).catch((error) => error);
  await editor.until("an edit", () => editor.edits.length);
  source.cancel();
  const answer = await accept;
  assert.equal(answer.code, lsp.LSPErrorCodes.RequestCancelled, JSON.stringify(answer));
  refuse();
  assert.equal(editor.text("greet.py"), GREET);
  assert.equal((await editor.request("rummy/getRun", { run: "fix" })).pending, 1);
});

session(
  "progress tells a run from its begin to its end and cancelling it aborts the run",
  { answers: [{ answer: "It takes its time. ".repeat(400), chunk: 10, chunkDelayMs: 50 }] },
  async (start) => {
    const editor = await start();
    await editor.act("slow");
    const [token] = await editor.until("progress", () => editor.created.length && editor.created);
    await editor.until("a report", () => editor.progress.some(({ value }) => value.kind === "report"));
    await editor.connection.sendNotification(lsp.WorkDoneProgressCancelNotification.type, { token });
    await editor.ended("slow", 499);
    await editor.until("the end of it", () => editor.progress.at(-1).value.kind === "end");
    assert.deepEqual(editor.created, [token]);
    const [begin] = editor.progress;
    assert.deepEqual(begin, { token, value: { kind: "begin", title: "Rummy: slow", cancellable: true } });
    assert.ok(editor.progress.every((told) => told.token === token));
  },
);

session(
  "a question is asked with its options and the one that is chosen reaches the model",
  { answers: ['<ask_user question="For whom?">friends; strangers</ask_user>\n' + update(145, "Asked"), done] },
  async (start) => {
    const editor = await start();
    editor.onQuestion = ({ actions }) => actions[1];
    await editor.act("ask");
    await editor.ended("ask", 200);
    const [{ message, actions }, ...more] = editor.asked;
    assert.deepEqual(more, []);
    assert.match(message, /For whom\?$/);
    assert.deepEqual(actions, [{ title: "friends" }, { title: "strangers" }]);
    const { history } = await editor.request("rummy/getRun", { run: "ask" });
    const answered = history.filter((item) => item.tool === "ask_user").map((item) => [item.status, item.body]);
    assert.deepEqual(answered, [[200, "strangers"]]);
  },
);

session("a run's state says each item of its history once", { answers: [update(145, "First"), update(145, "Second"), done] }, async (start) => {
  const editor = await start();
  await editor.act("count");
  await editor.ended("count", 200);
  const whole = await editor.request("rummy/getRun", { run: "count" });
  const kept = [];
  for (const state of editor.states) {
    let next = state.historyFrom;
    for (const { index, ...item } of state.history) kept[index ?? next++] = item;
    assert.equal(kept.length, state.historyTotal);
  }
  assert.deepEqual(kept, whole.history);
  const said = editor.states.flatMap((state) => state.history).filter((item) => item.index === undefined);
  assert.deepEqual(said.length, whole.history.length);
});

session("exit without shutdown ends with 1 and what is proposed waits for the next session", {}, async (start) => {
  const first = await start();
  const { path } = await proposed(first);
  await first.connection.sendNotification(lsp.ExitNotification.type);
  assert.deepEqual(await first.exit, [1, null]);

  const second = await start();
  await second.open("greet.py");
  const [proposal] = await second.pending("fix", 1);
  assert.equal(proposal.path, path);
});

session("a server that is killed loses no proposal", {}, async (start) => {
  const first = await start();
  const { path } = await proposed(first);
  first.server.kill("SIGKILL");
  assert.deepEqual(await first.exit, [null, "SIGKILL"]);

  const second = await start();
  await second.open("greet.py");
  await second.pending("fix", 1);
  assert.deepEqual(await second.request("rummy/accept", { run: "fix", path }), { accepted: [path], failed: [] });
  assert.equal(second.text("greet.py"), GREET.replace(HI, POLITE));
});

session("a closed stdin ends the server", {}, async (start) => {
  const editor = await start();
  await proposed(editor);
  editor.server.stdin.end();
  assert.deepEqual(await editor.exit, [0, null]);
});

session("the server ends with the process that it was given", {}, async (start) => {
  const client = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  const editor = await start({ processId: client.pid });
  assert.deepEqual(await editor.request("rummy/ping", {}), {});
  client.stdin.end();
  assert.deepEqual(await editor.exit, [0, null]);
});
