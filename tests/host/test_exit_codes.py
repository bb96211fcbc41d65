"""Exit codes: scripts rely on them, so each number stands once."""

import ast

from portable_files import ROOT


def test_exit_codes_are_numbers_in_one_file_alone():
    """Elsewhere an error names its code, so that the table of docs/operations.md has one source."""
    numbered = []
    for folder in ("protocol", "host_daemon"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                targets = (
                    [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
                )
                named = any(name == "exit_code" or name.startswith("EXIT_") for name in targets)
                if named and isinstance(node.value, ast.Constant):
                    numbered.append(path.name)
    assert set(numbered) == {"exit_codes.py"}
