"""Read the README and docs: every command parses, every link and file is there, every setting and log line exists."""

import argparse
import ast
import re
import shlex
import shutil
from urllib.parse import unquote

import pytest

from juzhu_host import cli
from juzhu_host.errors import SettingsError
from juzhu_host.settings import load_settings
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.rules.calendar import add_years, from_iso, iso
from juzhu_protocol.rules.decide import restorable_until, window_opens
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_simulator.demo.cast import STEPS
from juzhu_simulator.demo.table import COLUMNS
from portable_files import ROOT

PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# Options of pip that a decision speaks of.
NOT_OURS = {"--require-hashes", "--no-deps", "--no-build-isolation"}
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text_of(page):
    return page.read_text(encoding="utf-8")


def shell_lines(text):
    """The lines of every shell block, continued ones joined."""
    for language, body in FENCE.findall(text):
        if language == "sh":
            yield from body.replace("\\\n", " ").splitlines()


def inline_code(text):
    return INLINE.findall(FENCE.sub("", text))


def parser():
    return cli._build_parser(dict([*cli._plugins(), *cli._own_commands()]))


def subcommands(command):
    """A parser's subcommands, empty when it has none."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def faults(line, command):
    """What a command line names that its parser does not know."""
    words = shlex.split(line)
    for word in words[1:]:
        choices = subcommands(command)
        if word.startswith("-"):
            if word.split("=")[0] not in command._option_string_actions:
                return f"{line}: no option {word}"
        elif word in choices:
            command = choices[word]
        elif choices and not word.isupper():
            return f"{line}: no command {word}"
    return ""


def all_parsers(command):
    yield command
    for choice in subcommands(command).values():
        yield from all_parsers(choice)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_line_of_a_shell_block_parses_whole(page):
    for line in shell_lines(text_of(page)):
        if line.startswith("juzhu "):
            parser().parse_args(shlex.split(line.removesuffix(" &"))[1:])


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_and_option_named_in_a_sentence_exists(page):
    known = {option for command in all_parsers(parser()) for option in command._option_string_actions}
    for code in inline_code(text_of(page)):
        if code.startswith("juzhu "):
            assert not faults(code, parser())
        elif code.startswith("--"):
            assert code.split()[0] in known | NOT_OURS, code


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_make_command_names_a_target_and_the_demo_s_options(page):
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for target, arguments in re.findall(
        r"\bmake ([a-z]+)(?: ARGS=\"([^\"]*)\")?(?=`|$)", text_of(page), re.MULTILINE
    ):
        assert target in targets
        if target == "demo" and arguments:
            parser().parse_args(["demo", *arguments.split()])


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_to_a_file_and_a_heading_of_it(page):
    for target in LINK.findall(text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_file(), target
        if anchor:
            slugs = [slug(heading) for heading in HEADING.findall(FENCE.sub("", text_of(found)))]
            assert anchor in slugs, target


def slug(heading):
    """A heading's anchor as the common hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_file_and_folder_named_exists(page):
    for code in inline_code(text_of(page)):
        named = re.fullmatch(r"[\w.-]+(/[\w.-]+)*(/|/[\w-]+\.(py|md|toml|mjs|sh|txt))", code)
        if (
            named
            and not code.startswith("juzhu/1/")
            and code.rstrip("/") not in ("schema", "authority", "profiles")
        ):
            assert (ROOT / code).exists(), code


def test_readmes_name_the_same_commands_files_and_links():
    english, chinese = (text_of(ROOT / name) for name in ("README.md", "README.zh.md"))
    assert FENCE.findall(english) == FENCE.findall(chinese)
    links = [sorted(set(LINK.findall(text)) - {"README.md", "README.zh.md"}) for text in (english, chinese)]
    assert links[0] == links[1]
    assert "(README.zh.md)" in english
    assert "(README.md)" in chinese


def cut(line):
    """The cells of a row of the demo's table."""
    for _, width in COLUMNS:
        yield line[:width]
        line = line[width:]


def test_taps_in_the_readme_are_the_demo_s():
    (table,) = [body for _, body in FENCE.findall(text_of(ROOT / "README.md")) if body.startswith("card ")]
    expected = {(step.card, "bus.senior", step.answer, step.reason) for step in STEPS}
    cells = [tuple(cell.strip() for cell in cut(line)) for line in table.splitlines()]
    seen = {row[:4] for row in cells if row[1] == "bus.senior"}
    assert len(seen) >= 6
    assert seen - expected == {
        ("suspended while it runs", "bus.senior", "DENY", "suspended"),
        ("signed with a stolen key", "bus.senior", "REFER", "key-revoked"),
    }
    # Three cards are tapped before and after what the authority does, and all of it by both readers.
    assert f"\n{2 * (len(STEPS) + 6)} taps, 0 unexpected; " in table


def test_settings_of_the_daemon_are_described_all_and_no_other(tmp_path):
    operations = text_of(ROOT / "docs" / "operations.md")
    (example,) = [body for language, body in FENCE.findall(operations) if language == "toml"]
    shutil.copyfile(DEVELOPMENT_KEYS / "roots.toml", tmp_path / "roots.toml")
    file = tmp_path / "host.toml"
    file.write_text(example, encoding="utf-8")
    assert load_settings(file).readers[0].name == "front"

    def known(text):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError) as error:
            load_settings(file)
        return set(re.search(r"known are: (.*)\.", str(error.value))[1].split(", "))

    section = operations.split("## The daemon")[1].split("\n## ")[0]
    described = set(re.findall(r"^\| `\[*(\w+)\]*` \|", section, re.MULTILINE))
    assert described == known("nonsense = 1\n" + example) | known(example + "nonsense = 1\n")


def literals():
    """Every text of the host's and the authority's code, values in it replaced by a blank."""
    folders = [ROOT / "host_daemon" / "juzhu_host", ROOT / "protocol" / "juzhu_protocol" / "authority"]
    for path in (path for folder in folders for path in folder.glob("*.py")):
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_log_lines_in_operations_are_what_the_code_says():
    section = text_of(ROOT / "docs" / "operations.md").split("## What the log says")[1].split("\n### ")[0]
    quoted = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
    assert len(quoted) > 10
    said = list(literals())
    for line in quoted:
        pattern = ".*?".join(re.escape(part) for part in re.split(r"\.\.\.|\d+", line))
        assert any(re.search(pattern, text, re.DOTALL) for text in said), line


def test_years_in_the_rules_are_the_calendar_s():
    rows = re.findall(
        r"^" + r"\| (\d{4}-\d\d-\d\d) " * 4 + r"\|$", text_of(ROOT / "docs" / "rules.md"), re.MULTILINE
    )
    assert len(rows) == 4
    for row in rows:
        good = add_years(from_iso(row[0]), 1)
        assert row[1:] == (iso(good), iso(window_opens(good, KAIFENG)), iso(restorable_until(good, KAIFENG)))


def test_list_age_limits_in_the_rules_are_the_service_s():
    bus = KAIFENG.service("bus.senior")
    warn, limit = bus.warn_hours // 24, bus.limit_hours // 24
    wanted = f"older than {warn} days and refers when it is older than {limit}"
    assert wanted in text_of(ROOT / "docs" / "rules.md")


@pytest.mark.parametrize(
    "line", ["juzhu permit forgive", "juzhu publish --faster", "juzhu host run --confg x", "juzhu nothing"]
)
def test_command_line_that_does_not_exist_is_named(line):
    assert line in faults(line, parser())


def test_adrs_are_numbered_without_a_gap_and_say_what_they_cost():
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = text_of(page)
        assert text.startswith(f"# {page.name[:4]}: ")
        assert [*re.findall(r"^## (.*)$", text, re.MULTILINE)] == ["Decision", "Why", "What it costs"], (
            page.name
        )


def test_every_test_that_the_threat_model_names_exists():
    named = [
        code
        for code in inline_code(text_of(ROOT / "docs" / "threat-model.md"))
        if code.startswith("tests/") and ".py" in code
    ]
    assert len(named) > 40
    missing = []
    for code in named:
        file, _, name = code.partition("::")
        if not (ROOT / file).is_file():
            missing.append(code)
        elif name:
            tree = ast.parse(text_of(ROOT / file))
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            if not any(isinstance(node, functions) and node.name == name for node in ast.walk(tree)):
                missing.append(code)
    assert missing == []
