// Runs one rig of ../bench/ inside the MicroPython VM and prints its result, one line of JSON.
//
//   node bench.mjs RIG --input FILE [--lib FOLDER]
//
// RIG is a module of ../bench/ with begin(inputs) and step(), such as tap_rig. --lib holds what a reader has under
// /lib, compiled by mpy-cross; without it the VM compiles the sources.

import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { explain, files, installFile, installPackages, loadVm, missing } from "./vm.mjs";

const BENCH = join(dirname(fileURLToPath(import.meta.url)), "../bench");
const PACKAGE = "/lib/juzhu_simulator/bench";

function end(code, text) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

async function main() {
  const [rig, ...rest] = process.argv.slice(2);
  const options = {};
  for (let i = 0; i < rest.length; i += 2) options[rest[i]] = rest[i + 1];
  const unknown = Object.keys(options).filter((name) => !["--input", "--lib"].includes(name));
  if (!rig || !options["--input"] || unknown.length) end(64, "usage: bench.mjs RIG --input FILE [--lib FOLDER]");
  if (missing()) end(69, missing());
  const input = readFileSync(options["--input"], "utf8");

  const mp = await loadVm((line) => process.stderr.write(`${line}\n`));
  const lib = options["--lib"];
  if (lib) for (const path of files(lib, ".mpy")) installFile(mp, path, `/lib/${relative(lib, path)}`);
  else installPackages(mp);
  // The package's own __init__ is the command's, which runs on CPython alone.
  mp.FS.mkdirTree(PACKAGE);
  for (const folder of ["/lib/juzhu_simulator", PACKAGE]) mp.FS.writeFile(`${folder}/__init__.py`, "");
  for (const name of ["unit", rig]) installFile(mp, join(BENCH, `${name}.py`), `${PACKAGE}/${name}.py`);

  try {
    const python = mp.pyimport(`juzhu_simulator.bench.${rig}`);
    python.begin(input);
    const step = python.step;
    let result = "";
    while (!result) result = step();
    console.log(result);
  } catch (error) {
    end(70, explain(error));
  }
}

main();
