// How long the extension's activation takes, as VS Code itself measures it.

import { loadavg } from "node:os";

const TIMES = 20;

export default async function (t) {
  const times = [];
  for (let time = 0; time < TIMES; time++) {
    if (time > 0) await t.reload();
    await t.command("Developer: Show Running Extensions");
    const row = t.page.locator(".editor-instance .monaco-list-row").filter({ hasText: "Rummy" });
    const text = await t.until("its activation", async () => /Activation: (\d+)ms/.exec(await row.first().innerText()));
    times.push(Number(text[1]));
    await t.page.keyboard.press("Escape");
  }
  times.sort((a, b) => a - b);
  const median = times[Math.floor(TIMES / 2)];
  const load = loadavg()[0].toFixed(1);
  console.log(`activation, ms: median ${median}, longest ${times.at(-1)}, shortest ${times[0]}, of ${TIMES}, at a load of ${load}`);
}
