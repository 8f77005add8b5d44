// A window on two folders: a run works in the folder that the file in front belongs to, by the settings of
// that one, and its proposal is a file of it.

import assert from "node:assert/strict";

export const window = { workspace: "both.code-workspace" };

export default async function (t) {
  await t.open("second/greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForLenses("Accept", 1);
  await t.pressLens("Accept");
  await t.waitForDisk("second/greet.lua", "return 'good day'\n");
  assert.equal(t.onDisk("first/greet.lua"), "return 'hi'\n");
  await t.showViews();
  await t.waitForRow("Runs", "done");

  // Here edits are accepted without asking.
  await t.open("first/greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForDisk("first/greet.lua", "return 'good day'\n");
}
