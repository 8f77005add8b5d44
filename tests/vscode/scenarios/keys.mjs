// With the keyboard alone: from hunk to hunk, one accepted and one rejected, in a text with unsaved changes.

import assert from "node:assert/strict";

export default async function (t) {
  await t.open("greet.lua");
  await t.page.keyboard.press("Control+Home");
  await t.page.keyboard.type("-- größer 🚀\n");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.waitForLenses("Accept", 2);
  await t.page.keyboard.press("Alt+F5");
  const lenses = (count) => async () => (await t.lenses("Accept").count()) === count;
  await t.pressUntil("the first hunk to be accepted", "Shift+Alt+Y", lenses(1));
  await t.page.keyboard.press("Alt+F5");
  await t.pressUntil("the second hunk to be rejected", "Shift+Alt+N", lenses(0));
  const text = '-- größer 🚀\nlocal function greet(name)\n  print("good day " .. name)\nend\n\nreturn greet\n';
  assert.equal(await t.shown(), text);
  // It had unsaved changes: it is the user's to save.
  assert.notEqual(t.onDisk("greet.lua"), text);
  await t.page.keyboard.press("Control+z");
  await t.until("the accepted change to be undone", async () => (await t.shown()).includes('"hi "'));
}
