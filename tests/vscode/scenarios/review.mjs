// A proposal of two hunks: seen in the tree, as lenses and as a diff; one accepted, the other rejected with
// a reason; what was accepted is undone in the end.

import assert from "node:assert/strict";

const GREET = 'local function greet(name)\n  print("hi " .. name)\nend\n\nreturn greet\n';
const ACCEPTED = GREET.replace('"hi "', '"good day "');

export default async function (t) {
  await t.open("greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");

  await t.showViews();
  const row = await t.waitForRow("Proposals", "greet.lua", "+2");
  await t.waitForLenses("Accept", 2);

  await t.press(row, "Diff");
  await t.page.locator(".monaco-diff-editor").waitFor();
  await t.page.keyboard.press("Control+w");

  await t.pressLens("Accept");
  await t.waitForDisk("greet.lua", ACCEPTED);
  await t.waitForLenses("Accept", 1);

  await t.command("Rummy: Go to Next Hunk");
  await t.command("Rummy: Reject Hunk with a Reason");
  await t.enter("it returns nothing else");
  await t.waitForRow("Runs", "done");
  await t.waitForNoRow("Proposals", "greet.lua");
  assert.equal(await t.shown(), ACCEPTED);
  assert.equal(t.onDisk("greet.lua"), ACCEPTED);

  await t.command("Rummy: Undo All Accepted Changes");
  await t.pressInDialog("Undo all accepted changes", "Undo All");
  await t.until("the text of before", async () => (await t.shown()) === GREET);
}
