// The MicroPython VM under Node: where it is, how it is loaded, and what a reader carries under /lib.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const VM = join(here, "node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs");

export const ROOT = resolve(here, "../../..");

/** Frames of Python calls: enough for the deepest of the reader's, twice over. */
const PYSTACK_WORDS = 64 * 1024;

// What a reader carries under /lib: folder in the repository, name there, folders that stay behind.
const PACKAGES = [
  ["protocol/juzhu_protocol", "juzhu_protocol", ["schema", "authority", "profiles", "hostside"]],
  ["device/juzhu_device", "juzhu_device", ["boards"]],
];

/** What is missing before the VM can be loaded, in words, or "". */
export function missing() {
  if (existsSync(VM)) return "";
  return "the MicroPython VM is missing: run `npm ci` in simulator/juzhu_simulator/micropython (tests/setup-parts.sh vm does)";
}

/** A VM without any of our files; `print` gets each line that Python writes. One a process: it keeps globals. */
export async function loadVm(print) {
  const { loadMicroPython } = await import(VM);
  return loadMicroPython({ stdout: print, stderr: print, linebuffer: true, pystack: PYSTACK_WORDS });
}

export function* files(folder, ending) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path, ending);
    else if (name.endsWith(ending)) yield path;
  }
}

export const pythonFiles = (folder) => files(folder, ".py");

/** Copy one file of this machine into the VM's own file system. */
export function installFile(mp, path, target) {
  mp.FS.mkdirTree(dirname(target));
  mp.FS.writeFile(target, readFileSync(path));
}

/** Copy the portable packages of the repository at `root` to where a reader has them. */
export function installPackages(mp, root = ROOT) {
  for (const [folder, name, left] of PACKAGES) {
    const base = join(root, folder);
    for (const path of pythonFiles(base)) {
      const inside = relative(base, path).split(sep);
      if (!left.includes(inside[0])) installFile(mp, path, `/lib/${name}/${inside.join("/")}`);
    }
  }
}

/** What Python said of an error that came out of the VM: its traceback; else what broke the VM itself. */
export function explain(error) {
  if (error.name !== "PythonError") return `the VM broke: ${error.stack ?? error.message ?? error}`;
  return error.message.trim();
}
