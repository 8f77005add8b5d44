// How long the run panel keeps its window busy: the tasks and frames of the main thread in which its script
// ran, from a performance trace. First while a run streams into it, then while a window opens the whole
// transcript anew.

/** What a user notices. */
const LONG_MS = 50;

export default async function (t) {
  await t.command("Rummy: Act");
  const streaming = await traced(t, async () => {
    await t.enter("write a lot");
    await ended(t);
  });
  report("while a run streams", streaming);
  const told = await t.panel().locator("#transcript").evaluate((element) => element.textContent.length);
  console.log(`the transcript: ${(told / 1e6).toFixed(2)} MB, ${await turns(t)} turns`);

  await t.page.keyboard.press("Control+w");
  const opening = await traced(t, async () => {
    await t.showViews();
    await (await t.waitForRow("Runs", "done")).click();
    await ended(t);
    await t.until("the oldest turn", async () => (await turns(t)) === (await newest(t)));
  });
  report("while it is opened again", opening);
}

function ended(t) {
  return t.panel().getByRole("status").getByText("done").waitFor({ timeout: 140_000 });
}

function turns(t) {
  return t.panel().locator("#transcript .turn").count();
}

async function newest(t) {
  const text = await t.panel().locator("#transcript .turn h2").last().textContent();
  return Number(text.replace("Turn ", ""));
}

async function traced(t, action) {
  const session = await t.page.context().newCDPSession(t.page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const categories = "devtools.timeline,disabled-by-default-devtools.timeline,toplevel";
  await session.send("Tracing.start", { categories, transferMode: "ReportEvents" });
  await action();
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.end");
  await complete;
  return tasks(events);
}

/** Of the tasks in which the panel's script ran, and of the script's calls in them: what they took. */
function tasks(events) {
  const calls = events.filter(({ name, dur }) => name === "FunctionCall" && dur !== undefined);
  const scripts = calls.filter(({ args }) => args.data?.url?.includes("panel.js"));
  const threads = new Set(scripts.map(({ pid, tid }) => `${pid}/${tid}`));
  const runs = events
    .filter(({ name, pid, tid }) => name.endsWith("RunTask") && threads.has(`${pid}/${tid}`))
    .sort((a, b) => a.ts - b.ts);
  const ours = new Set();
  let at = 0;
  for (const { ts } of scripts.sort((a, b) => a.ts - b.ts)) {
    while (at + 1 < runs.length && runs[at + 1].ts <= ts) at += 1;
    if (runs[at] && runs[at].ts + runs[at].dur >= ts) ours.add(runs[at]);
  }
  return { tasks: [...ours], calls: scripts };
}

/** Prints milliseconds by the clock, and of the processor: on a busy machine a task waits for its turn. */
function report(when, { tasks, calls }) {
  // Where the page comes late, little of the run has streamed into it.
  const seconds = (calls.at(-1).ts - calls[0].ts) / 1e6;
  console.log(`${when}: ${tasks.length} tasks of the panel in ${seconds.toFixed(1)} s`);
  for (const [unit, of] of [["by the clock", "dur"], ["of the processor", "tdur"]]) {
    const lengths = tasks.map((task) => task[of] / 1000).sort((a, b) => a - b);
    const at = (part) => (lengths[Math.min(lengths.length - 1, Math.floor(lengths.length * part))] ?? 0).toFixed(1);
    const long = lengths.filter((length) => length > LONG_MS).length;
    const script = Math.max(...calls.map((call) => call[of] / 1000)).toFixed(1);
    console.log(
      `  ms ${unit}: p99 ${at(0.99)}, longest ${at(1)}, ` +
        `${long} over ${LONG_MS}; its script at most ${script} at a time`,
    );
  }
}
