// Files that come, go and move are reviewed together, and accepted at once.

export default async function (t) {
  await t.command("Rummy: Act");
  await t.enter("tidy up");
  await t.showViews();
  await t.waitForRow("Proposals", "bye.lua", "+1");
  await t.waitForRow("Proposals", "old.lua");
  await t.waitForRow("Proposals", "hello.lua");
  await t.command("Rummy: Review All Changes of a Run");
  const review = t.page.locator(".multiDiffEditor, .multi-diff-root-floating-menu, .multiDiffEntry").first();
  await review.waitFor();
  await t.command("Rummy: Accept All of a Run");
  await t.waitForDisk("new/bye.lua", 'print("bye")\n');
  await t.waitForDisk("old.lua", undefined);
  await t.waitForDisk("greet.lua", undefined);
  await t.waitForRow("Runs", "done");
}
