// Runs one portable test file inside the real MicroPython VM, one test a call.
//
//   node run_portable.mjs tests/portable/test_x.py [--env '{"mutants": 20000}'] [--root REPO]
//                       [--data FILE]
//
// --data copies a file into the VM's /tests/ and tells the test where: value("data", "") of portable_env.
//
// Prints one JSON line a test, then {"summary": true, "passed": n, "failed": n}. Exits 0 only when at least
// one test ran and none failed. One file a process: the VM keeps its state in globals of the process.
//
// A file may name steps for a test too long for one call, since the VM collects no garbage inside a call:
//   STEPS = {"test_mutants": ("step_mutants", 200)}
// Here step_mutants(0) .. step_mutants(199) stand for test_mutants(), each in a call of its own.

import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";

import { ROOT, explain, installFile, installPackages, loadVm, pythonFiles } from "./vm.mjs";

function parseArguments(argv) {
  const options = { file: undefined, env: "{}", root: ROOT, data: undefined };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === "--env") options.env = argv[++i];
    else if (argv[i] === "--root") options.root = resolve(argv[++i]);
    else if (argv[i] === "--data") options.data = resolve(argv[++i]);
    else if (options.file === undefined) options.file = resolve(argv[i]);
    else throw new Error(`one test file a process: what is ${argv[i]}?`);
  }
  if (options.file === undefined) throw new Error("no test file named");
  const env = JSON.parse(options.env);
  for (const [name, value] of Object.entries(env)) {
    if (!["string", "boolean"].includes(typeof value) && !Number.isSafeInteger(value)) {
      throw new Error(`--env ${name}: a string, a boolean or an integer, please`);
    }
  }
  options.env = env;
  return options;
}

// The same two functions as tests/portable_env.py has on CPython.
function environmentModule(env) {
  const literal = (value) => (typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value));
  const items = Object.entries(env).map(([name, value]) => `${JSON.stringify(name)}: ${literal(value)}`);
  return `_ENV = {${items.join(", ")}}\n\ndef value(name, default):\n    return _ENV.get(name, default)\n`;
}

function call(mp, code) {
  try {
    mp.runPython(code);
    return undefined;
  } catch (error) {
    return explain(error);
  }
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  let printed = [];
  const keep = (line) => printed.push(line);
  const mp = await loadVm(keep);
  installPackages(mp, options.root);
  const module = basename(options.file, ".py");
  const source = readFileSync(options.file, "utf8");
  mp.FS.mkdirTree("/tests");
  if (options.data !== undefined) {
    options.env.data = `/tests/${basename(options.data)}`;
    installFile(mp, options.data, options.env.data);
  }
  mp.FS.writeFile("/tests/portable_env.py", environmentModule(options.env));
  // Sibling helper modules (not themselves tests) come along.
  for (const path of pythonFiles(dirname(options.file))) {
    const name = basename(path);
    if (dirname(path) === dirname(options.file) && !name.startsWith("test_")) {
      installFile(mp, path, `/tests/${name}`);
    }
  }
  mp.FS.writeFile(`/tests/${module}.py`, source);

  let passed = 0;
  let failed = 0;
  const report = (test, error, ms, calls) => {
    const line = { file: basename(options.file), test, ok: error === undefined, ms: Math.round(ms), calls };
    if (error !== undefined) {
      line.error = error;
      line.output = printed.slice(-40).join("\n");
      failed += 1;
    } else passed += 1;
    console.log(JSON.stringify(line));
    printed = [];
  };

  const started = performance.now();
  const imported = call(mp, `import sys, gc\nsys.path.insert(0, "/tests")\nimport ${module} as _m\n`);
  if (imported !== undefined) {
    report("(import)", imported, performance.now() - started, 1);
  } else {
    call(mp, '_names = ",".join(n for n in dir(_m) if n.startswith("test_"))');
    const place = (name) => source.search(new RegExp(`^(async )?def ${name}\\b`, "m"));
    const names = mp.globals.get("_names").split(",").filter(Boolean);
    names.sort((a, b) => place(a) - place(b));
    for (const name of names) {
      const begin = performance.now();
      call(mp, `_s = getattr(_m, "STEPS", {}).get("${name}")\n_step = _s[0] if _s else ""\n_n = _s[1] if _s else 0`);
      const step = mp.globals.get("_step");
      const count = mp.globals.get("_n");
      let error;
      let calls = 0;
      if (step === "") {
        error = call(mp, `_m.${name}()`);
        calls = 1;
      } else if (!(count > 0)) {
        error = `STEPS["${name}"] names no step`;
      }
      for (; error === undefined && calls < count; calls++) error = call(mp, `_m.${step}(${calls})`);
      report(name, error, performance.now() - begin, calls);
      call(mp, "gc.collect()");
    }
  }
  if (passed + failed === 0) report("(collect)", "no function named test_* in this file", 0, 0);
  console.log(JSON.stringify({ summary: true, passed, failed }));
  process.exitCode = failed === 0 ? 0 : 1;
}

main().catch((error) => {
  console.log(JSON.stringify({ summary: true, passed: 0, failed: 1, error: String(error.message ?? error) }));
  process.exitCode = 2;
});
