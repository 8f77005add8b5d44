// Runs one scenario in VS Code's workbench, and exits: 0 if it passed; else 1, with what went wrong on
// stderr and a picture of the window. The scenario is a file in this folder that exports a function of the
// workbench.

import { mkdirSync } from "node:fs";
import path from "node:path";

import { Host } from "./host.mjs";
import { Workbench } from "./workbench.mjs";

/** How long a scenario may take. Far more than it takes, for machines under load. */
const PATIENCE_MS = 150_000;

const [name] = process.argv.slice(2);
const { default: scenario, ...wanted } = await import(`./${name}.mjs`);

const host = await Host.start();
let workbench;
try {
  const late = new Promise((_, reject) => {
    const complain = () => reject(new Error(`the scenario takes longer than ${PATIENCE_MS} ms`));
    setTimeout(complain, PATIENCE_MS).unref();
  });
  await Promise.race([play(), late]);
} catch (error) {
  process.exitCode = 1;
  console.error(error.stack);
  await picture();
} finally {
  await host.stop();
}

async function play() {
  workbench = new Workbench(await host.open(wanted.window), host);
  await workbench.ready();
  await scenario(workbench);
}

async function picture() {
  if (!workbench) {
    console.error(host.said);
    return;
  }
  const file = path.join(process.env.RUMMY_TEST_PICTURES, `${path.basename(name)}.png`);
  mkdirSync(path.dirname(file), { recursive: true });
  await workbench.page.screenshot({ path: file });
  console.error(`what the window showed: ${file}`);
}
