// One virtual reader in the MicroPython VM as a process of its own: what `juzhu reader` is on CPython.
//
//   node reader.mjs --config FILE --link HOST:PORT --hardware HOST:PORT --flash DIR
//
// Joins the field at --hardware (JSON lines, see ../reader/board.py), listens for one host at a time at --link,
// and keeps flash as files in --flash, the same that the CPython reader keeps. Ends with 0 when the field goes
// away or on SIGTERM, with 64 for wrong arguments, 69 without the VM, 70 when the reader's own code broke, 78 when
// the config is none.

import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { explain, installFile, installPackages, loadVm, missing } from "./vm.mjs";

const TICK_MS = 20;
const MAX_LINE = 65536;
/** Bytes of the link handed over in one call: the VM collects no garbage inside a call. */
const MAX_PIECE = 4096;
const SIMULATOR_FILES = [
  "__init__.py",
  "reader/__init__.py",
  "reader/board.py",
  "reader/config.py",
  "reader/sabotage.py",
  "micropython/vm_reader.py",
];

const FUNCTIONS = ["start", "hardware", "link", "link_lost", "tick"];

const here = dirname(fileURLToPath(import.meta.url));

function end(code, text) {
  if (text) process.stderr.write(`${text}\n`);
  process.exit(code);
}

function parseArguments(argv) {
  const options = { config: undefined, link: undefined, hardware: undefined, flash: undefined };
  for (let i = 0; i < argv.length; i += 2) {
    const name = argv[i].slice(2);
    if (!argv[i].startsWith("--") || !(name in options) || argv[i + 1] === undefined) {
      end(64, `usage: reader.mjs --config FILE --link HOST:PORT --hardware HOST:PORT --flash DIR (not ${argv[i]})`);
    }
    options[name] = argv[i + 1];
  }
  for (const [name, value] of Object.entries(options)) if (value === undefined) end(64, `--${name} is missing`);
  options.link = address(options.link, "--link");
  options.hardware = address(options.hardware, "--hardware");
  return options;
}

function address(text, option) {
  const colon = text.lastIndexOf(":");
  const port = Number(text.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65535 || text.startsWith("pty:")) {
    end(64, `${option} ${text}: HOST:PORT, please (a pty only the CPython reader can open)`);
  }
  return { host: text.slice(0, colon), port };
}

/** Flash regions as files of fixed size in one folder; they survive this process's death. */
class FolderFlash {
  constructor(folder, regions) {
    mkdirSync(folder, { recursive: true });
    this.files = new Map();
    for (const [region, size] of Object.entries(regions)) {
      const path = join(folder, region);
      if (!existsSync(path)) closeSync(openSync(path, "w"));
      const file = openSync(path, "r+");
      // Whoever made the file may have been killed over it: what was not written yet is blank.
      const there = fstatSync(file).size;
      if (there < size) this.writeAll(file, there, Buffer.alloc(size - there, 0xff));
      this.files.set(region, file);
    }
  }

  read(region, offset, size) {
    const data = Buffer.alloc(size);
    for (let at = 0; at < size; ) {
      const got = readSync(this.files.get(region), data, at, size - at, offset + at);
      if (got === 0) throw new Error(`${region} ends before ${offset + size}`);
      at += got;
    }
    return data;
  }

  write(region, offset, data) {
    this.writeAll(this.files.get(region), offset, data);
  }

  writeAll(file, offset, data) {
    for (let at = 0; at < data.length; ) at += writeSync(file, data, at, data.length - at, offset + at);
  }
}

/** Carries bytes between the board in the VM, the link and the field. */
class ReaderProcess {
  constructor(python, hardware) {
    // Looked up once: every look-up would leave another proxy in the VM.
    this.functions = Object.fromEntries(FUNCTIONS.map((name) => [name, python[name]]));
    this.hardware = hardware;
    this.link = undefined;
    this.line = "";
  }

  /** Call the board and send what it has to say; an exception there is a bug and ends the process. */
  call(name, ...args) {
    let output;
    try {
      output = this.functions[name](...args);
    } catch (error) {
      end(70, explain(error));
    }
    for (const line of output.split("\n")) {
      if (line.startsWith("H")) this.hardware.write(`${line.slice(1)}\n`);
      else if (line.startsWith("L")) this.link?.write(Buffer.from(line.slice(1), "hex"));
    }
  }

  callNow(name, ...args) {
    this.call(name, ...args, String(Math.floor(performance.now())), String(Math.floor(Date.now() / 1000)));
  }

  /** One host at a time; a new connection takes the place of the last, as a replugged cable would. */
  serve(socket) {
    if (this.link) {
      this.link.destroy();
      this.call("link_lost");
    }
    this.link = socket;
    socket.setNoDelay(true);
    socket.on("data", (data) => {
      for (let at = 0; at < data.length && this.link === socket; at += MAX_PIECE) {
        this.callNow("link", data.subarray(at, at + MAX_PIECE).toString("hex"));
      }
    });
    socket.on("error", () => {}); // close follows
    socket.on("close", () => {
      if (this.link !== socket) return;
      this.link = undefined;
      this.call("link_lost");
    });
  }

  readHardware(text) {
    const lines = (this.line + text).split("\n");
    this.line = lines.pop();
    if (this.line.length > MAX_LINE) end(70, "the field sent a line without an end");
    for (const line of lines) this.callNow("hardware", line);
  }
}

async function main() {
  const options = parseArguments(process.argv.slice(2));
  const lacking = missing();
  if (lacking) end(69, lacking);
  process.on("SIGTERM", () => end(0));
  let config;
  try {
    config = readFileSync(options.config, "utf8");
  } catch (error) {
    end(78, `--config ${options.config}: cannot be read: ${error.message}`);
  }

  const hardware = connect(options.hardware);
  await new Promise((resolve, reject) => hardware.once("connect", resolve).once("error", reject));
  hardware.setNoDelay(true);
  hardware.setEncoding("utf8");
  hardware.on("error", () => {}); // close follows
  hardware.on("close", () => end(0));

  const mp = await loadVm((line) => process.stderr.write(`${line}\n`));
  installPackages(mp);
  for (const file of SIMULATOR_FILES) installFile(mp, join(here, "..", file), `/lib/juzhu_simulator/${file}`);
  const python = mp.pyimport("juzhu_simulator.micropython.vm_reader");
  const fault = python.install(config);
  if (fault) end(78, `--config ${options.config}: ${fault}`);
  const flash = new FolderFlash(options.flash, JSON.parse(python.regions()));
  const orNull = (action) => {
    try {
      return action();
    } catch (error) {
      process.stderr.write(`flash: ${error.message}\n`);
      return null;
    }
  };
  const node = {
    flashRead: (region, offset, size) => orNull(() => flash.read(region, offset, size).toString("hex")),
    flashWrite: (region, offset, data) => orNull(() => flash.write(region, offset, Buffer.from(data, "hex")) ?? true),
    randomHex: (size) => randomBytes(size).toString("hex"),
  };
  const reader = new ReaderProcess(python, hardware);

  const server = createServer({ noDelay: true }, (socket) => reader.serve(socket));
  // The board says "ready" when it starts, so its link must be there by then; hosts are taken after that.
  await new Promise((resolve, reject) => server.once("error", reject).listen(options.link, resolve));
  reader.call("start", node);
  hardware.on("data", (text) => reader.readHardware(text));
  setInterval(() => reader.callNow("tick"), TICK_MS);
}

main().catch((error) => end(error.name === "PythonError" ? 70 : 1, error.name === "PythonError" ? explain(error) : error.message));
