// How long the extension's activation takes, as VS Code itself measures it.

const TIMES = 5;

export default async function (t) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    if (time > 0) await t.reload();
    await t.command("Developer: Show Running Extensions");
    const row = t.page.locator(".runtime-extensions-editor .monaco-list-row").filter({ hasText: "rummy-lsp" });
    const text = await t.until("its activation", async () => /Activation: (\d+)ms/.exec(await row.first().innerText()));
    times.push(Number(text[1]));
  }
  times.sort((a, b) => a - b);
  console.log(`activation, ${TIMES} times: median ${times[Math.floor(TIMES / 2)]} ms, longest ${times.at(-1)} ms`);
}
