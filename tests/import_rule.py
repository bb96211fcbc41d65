"""Reads imports with ast and judges them by the rule in docs/adr/0003 (who may import whom)."""

import ast
from collections.abc import Iterator
from pathlib import Path

from portable_files import DEVICE, PORTABLE_TESTS, PROTOCOL, ROOT

PACKAGE_DIRS = {
    "juzhu_protocol": PROTOCOL,
    "juzhu_device": DEVICE,
    "juzhu_host": ROOT / "host_daemon" / "juzhu_host",
    "juzhu_simulator": ROOT / "simulator" / "juzhu_simulator",
}
MAY_IMPORT = {
    "juzhu_protocol": {"juzhu_protocol"},
    "juzhu_device": {"juzhu_device", "juzhu_protocol"},
    "juzhu_host": {"juzhu_host", "juzhu_protocol"},
    "juzhu_simulator": {"juzhu_simulator", "juzhu_device", "juzhu_protocol"},
}
HOST_ONLY = tuple(f"juzhu_protocol.{name}" for name in ("schema", "authority", "profiles", "hostside"))
CHIP_MODULES = {"machine", "esp32", "rp2", "network", "neopixel", "bluetooth"}
# What CPython 3.11 and a stock MicroPython board both have, and the core may use.
PORTABLE_STDLIB = {
    "array",
    "binascii",
    "collections",
    "errno",
    "gc",
    "hashlib",
    "io",
    "math",
    "struct",
    "sys",
}
# compat.py is the only runtime branch, so it alone may meet modules of one runtime.
COMPAT_STDLIB = PORTABLE_STDLIB | {"micropython", "time", "utime", "os", "random"}
# Portable tests may also import each other's helpers and what the runner brings.
TEST_EXTRAS = {"portable_env", "random", "time"}
# Banned by name in portable files even though a runtime has it.
BANNED = {"__future__", "abc", "contextlib", "dataclasses", "datetime", "enum", "functools", "hmac"} | {
    "json",
    "logging",
    "pathlib",
    "re",
    "typing",
}


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _walk(node: ast.AST, guarded: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for inner in child.body:
                yield inner, True
                yield from _walk(inner, True)
            for inner in child.orelse:
                yield inner, guarded
                yield from _walk(inner, guarded)
        else:
            yield child, guarded
            yield from _walk(child, guarded)


def imports_of(source: str, module: str, is_package: bool) -> Iterator[tuple[int, str, bool, bool]]:
    """Each import as (line, absolute dotted name, relative?, for type checkers alone?)."""
    for node, guarded in _walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, False, guarded
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                keep = len(parts) - node.level + (1 if is_package else 0)
                base = ".".join([*parts[: max(keep, 0)], *([base] if base else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}", bool(node.level), guarded
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func)
            if function in ("__import__", "import_module", "importlib.import_module"):
                yield node.lineno, str(node.args[0].value), False, guarded


def _under(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def module_name(path: Path) -> tuple[str, bool]:
    """Dotted name of a package file, and whether it is a package's __init__."""
    for package, folder in PACKAGE_DIRS.items():
        if folder in path.parents:
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            is_package = parts[-1] == "__init__"
            return ".".join(parts[:-1] if is_package else parts), is_package
    if PORTABLE_TESTS in path.parents:
        return path.stem, False
    raise ValueError(f"{path} belongs to no package")


def _stdlib_faults(module: str, top: str) -> Iterator[str]:
    allowed = PORTABLE_STDLIB
    if module == "juzhu_protocol.compat":
        allowed = COMPAT_STDLIB
    elif not module.startswith("juzhu_"):
        allowed = PORTABLE_STDLIB | TEST_EXTRAS | {path.stem for path in PORTABLE_TESTS.glob("*.py")}
    if top in BANNED or top not in allowed:
        yield f"{top} is not among the modules portable files may import"


def faults(source: str, module: str, is_package: bool = False) -> list[str]:
    """Each breach of the import rule in this source, as "module:line: what"."""
    package = module.split(".", maxsplit=1)[0]
    in_boards = _under(module, "juzhu_device.boards")
    portable_test = not package.startswith("juzhu_")
    portable = portable_test or (
        package in ("juzhu_protocol", "juzhu_device") and not in_boards and not _under(module, *HOST_ONLY)
    )
    may = MAY_IMPORT.get(package, {"juzhu_protocol", "juzhu_device"})
    found = []
    for line, name, relative, guarded in imports_of(source, module, is_package):
        top = name.split(".")[0]
        said = []
        if top in PACKAGE_DIRS:
            if top not in may:
                said.append(f"{package} may not import {top}")
            if top == package and not relative:
                said.append(f"{name}: imports inside a package are relative")
            if (portable or package == "juzhu_device") and _under(name, *HOST_ONLY):
                said.append(f"{name} is for the host alone")
            if _under(name, "juzhu_device.boards") and not in_boards:
                said.append(f"{name}: boards/ is imported by the chip alone")
        elif top in CHIP_MODULES:
            if not in_boards:
                said.append(f"{top} may be imported in juzhu_device/boards alone")
        elif portable and not guarded:
            said.extend(_stdlib_faults(module, top))
        found.extend(f"{module}:{line}: {what}" for what in said)
    return found


def package_files() -> list[Path]:
    """Every file the rule is about: the four packages, then the portable tests."""
    found = [p for d in PACKAGE_DIRS.values() for p in d.rglob("*.py") if "node_modules" not in p.parts]
    return sorted(found) + sorted(PORTABLE_TESTS.glob("*.py"))
