// Formats the repository's Lua by editors/nvim/stylua.toml, or with --check names the files that it would
// change. STYLUA is the folder of the npm package @johnnymorganz/stylua.

const fs = require("node:fs");
const path = require("node:path");
const { execFileSync } = require("node:child_process");

const root = path.resolve(__dirname, "../..");
const stylua = require(path.join(process.env.STYLUA, "stylua_lib_node.cjs"));

/** The settings; the names are those of the file, the values words or numbers. */
function config() {
  const settings = stylua.Config.new();
  const enums = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle };
  const text = fs.readFileSync(path.join(root, "editors/nvim/stylua.toml"), "utf8");
  for (const [, key, word, number] of text.matchAll(/^(\w+) = (?:"(\w+)"|(\d+))$/gm)) {
    settings[key] = word ? enums[key][word] : Number(number);
  }
  return settings;
}

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.lua"], { cwd: root, encoding: "utf8" });
const differing = files
  .trim()
  .split("\n")
  .map((file) => path.join(root, file))
  .filter((file) => fs.existsSync(file))
  .filter((file) => {
    const text = fs.readFileSync(file, "utf8");
    const formatted = stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full);
    if (formatted !== text && !process.argv.includes("--check")) {
      fs.writeFileSync(file, formatted);
    }
    return formatted !== text;
  });

for (const file of differing) {
  console.log(`${path.relative(root, file)} is not formatted as stylua does it`);
}
process.exitCode = differing.length > 0 ? 1 : 0;
