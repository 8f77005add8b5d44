// A question of the model's is told by a toast, and answered in a quick pick.

export default async function (t) {
  await t.command("Rummy: Ask");
  await t.enter("greet somebody");
  await t.pressInToast("asks: For whom?", "Answer…");
  await t.pick("strangers");
  await t.showViews();
  await t.waitForRow("Runs", "done");
  await t.waitForNoRow("Proposals", "For whom?");
}
