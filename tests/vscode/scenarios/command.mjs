// A command of the model's runs only after the user has read it in a modal; one that is always allowed runs
// without asking.

import assert from "node:assert/strict";

export default async function (t) {
  await t.command("Rummy: Act");
  await t.enter("build it");
  await t.pressInToast("wants to run: echo one > made.txt", "Review…");
  const dialog = t.dialog.filter({ hasText: "echo one > made.txt" });
  await dialog.waitFor();
  assert.equal(t.onDisk("made.txt"), undefined);
  await t.pressInDialog("echo one > made.txt", "Run");
  await t.waitForDisk("made.txt", "one\n");

  await t.pressInToast("wants to run: touch twice", "Review…");
  await t.pressInDialog("touch twice", "Always Allow in This Workspace");
  await t.showViews();
  await t.waitForRow("Runs", "done");
  assert.equal(t.onDisk("twice"), "");
  const { "rummy.commands.allow": allowed } = JSON.parse(t.onDisk(".vscode/settings.json"));
  assert.deepEqual(allowed, ["touch twice"]);
}
