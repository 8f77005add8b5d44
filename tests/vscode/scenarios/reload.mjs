// The window is reloaded while a proposal is pending: it is still there, and so is the run's panel.

import assert from "node:assert/strict";

const GREET = 'local function greet(name)\n  print("hi " .. name)\nend\n\nreturn greet\n';

export default async function (t) {
  await t.open("greet.lua");
  await t.command("Rummy: Act");
  await t.enter("be polite");
  await t.showViews();
  await t.waitForRow("Proposals", "greet.lua", "+1");
  await t.panel().getByText("be polite").waitFor();

  await t.reload();
  await t.panel().getByText("be polite").waitFor();
  await t.showViews();
  const row = await t.waitForRow("Proposals", "greet.lua", "+1");
  await t.waitForLenses("Accept", 1);
  assert.equal(t.onDisk("greet.lua"), GREET);
  await t.press(row, "Accept");
  await t.waitForDisk("greet.lua", GREET.replace('"hi "', '"good day "'));
  await t.waitForNoRow("Proposals", "greet.lua");
}
