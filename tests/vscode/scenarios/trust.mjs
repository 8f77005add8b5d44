// What a folder brings in .rummy/ is used once the user says so, and no longer when they say so.

export default async function (t) {
  await t.showViews();
  await t.pressInToast("brings its own config.toml in .rummy/", "Use It");
  await t.command("Rummy: Act");
  await t.enter("build it");
  await t.waitForDisk("once", "");
  await t.waitForRow("Runs", "done");

  await t.command("Rummy: Use or Ignore What the Folder Brings");
  await t.pick("Ignore It");
  await t.command("Rummy: Act");
  await t.enter("again");
  await t.pressInToast("wants to run: touch twice", "Review…");
  await t.pressInDialog("touch twice", "Run");
  await t.waitForDisk("twice", "");
}
