"""docs/rules.md: a row for every article, no article cited without one, and every test and module in it is there."""

import ast
import io
import re
import tokenize
import tomllib

import pytest

from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.profiles.source import CITY_RULE, FOLDER
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.profile import CONDITION_AGE, CONDITION_NONE, CONDITION_PAPERS
from juzhu_protocol.rules.reasons import ANSWER_NAMES, FLAG_NAMES, REASONS
from juzhu_protocol.rules.services import SERVICES, service_code, service_role
from portable_files import PROTOCOL, ROOT

TEXT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
LAST_ARTICLE = 31
NO_MATTER = "No matter for software: "
ONE = r"\d{1,2}(?:\(\d{1,2}\)|-\d)?"
MANY = rf"{ONE}(?:(?:, | and | to ){ONE})*"
CITED = re.compile(rf"Articles? ({MANY})|\(({MANY})\)|\(({ONE}): ")
NODE = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


def table(heading):
    """The rows below a heading's first table, cells stripped."""
    section = TEXT.split(f"\n{heading}\n", 1)[1]
    rows = re.search(r"^\|.*\n\|[-|]+\|\n((?:\|.*\n)+)", section, re.MULTILINE)[1].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def references(text):
    """The articles of a list like "16, 19(3)" or "21(1) to 21(6)", ranges filled in."""
    found = []
    for part in re.split(r", | and ", text):
        first, _, last = part.replace("-", "(").partition(" to ")
        first = first + ")" if "(" in first and not first.endswith(")") else first
        if not last:
            found.append(first)
            continue
        start, end = re.fullmatch(r"(\d+)\((\d+)\)", first), re.fullmatch(r"(\d+)\((\d+)\)", last)
        if start:
            found += [f"{start[1]}({item})" for item in range(int(start[2]), int(end[2]) + 1)]
        else:
            found += [str(article) for article in range(int(first), int(last) + 1)]
    return found


ROWS = {reference: row for row in table("## The table") for reference in references(row[0])}


def test_every_article_has_one_row():
    plain = [row[0] for row in table("## The table") if row[0].isdigit()]
    assert plain == [str(number) for number in range(1, LAST_ARTICLE + 1)]


def test_row_shows_a_module_and_a_test_or_says_why_there_is_none():
    for article, text, where, shown in table("## The table"):
        if text.startswith(NO_MATTER):
            assert len(text) > len(NO_MATTER) + 10, article
            assert (where, shown) == ("", ""), article
        else:
            assert re.fullmatch(r"(`[\w/.]+\.(py|toml)`(, |$))+", where), article
            assert re.fullmatch(r"(`tests/[\w/]+\.py::test_\w+`(, |$))+", shown), article


def test_every_module_of_the_table_is_there():
    for article, _, where, _ in table("## The table"):
        for path in re.findall(r"`([^`]+)`", where):
            assert (ROOT / path).is_file(), (article, path)


def test_every_test_that_the_page_names_is_there():
    named = NODE.findall(TEXT)
    assert len(named) > 30
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, name)
    assert TEXT.count("::") == len(named), "a test is written tests/FILE.py::test_NAME"


def spoken(path):
    """Every text constant and comment of a module."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and "CREATE TABLE" not in node.value:  # SQL's own brackets
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def cited_in(text):
    """The articles of the measures that a text cites; other laws' are named as such."""
    text = re.sub(r"\s+", " ", text)
    for match in CITED.finditer(text):
        if "Civil Code" not in text[max(0, match.start() - 40) : match.start()]:
            yield from references(next(group for group in match.groups() if group))


CITING = sorted((PROTOCOL / "rules").glob("*.py")) + sorted((PROTOCOL / "authority").glob("*.py"))
CITING += [FOLDER / "catalogue.py", FOLDER / "texts.py"]


@pytest.mark.parametrize("path", CITING, ids=[path.stem for path in CITING])
def test_every_article_that_a_rule_cites_has_a_row(path):
    for text in spoken(path):
        for reference in cited_in(text):
            assert reference in ROWS, (reference, text)


def test_citations_are_found_in_the_forms_that_the_code_writes():
    text = "overdue (16, 18, 19-3); Articles 21, 22 and 26; the ground (19: 1, 2); 17 (8); (22(7)), (8 to 10)"
    found = ["16", "18", "19(3)", "21", "22", "26", "19", "8", "22(7)", "8", "9", "10"]
    assert list(cited_in(text)) == found
    assert list(cited_in("(Civil Code of the PRC, Article 202)")) == []
    assert sum(1 for path in CITING for text in spoken(path) for _ in cited_in(text)) > 60


def test_every_article_of_kaifengs_profile_has_a_row():
    content = tomllib.loads((FOLDER / "kaifeng.toml").read_text(encoding="utf-8"))
    cited = [*content["articles"].values(), *(row["article"] for row in content["service"])]
    rows = [content["place"], content["office"], content["endorsement"], content["classes"]]
    for row in rows + content["unit"] + content["service"]:
        cited += [
            match[1] for match in re.finditer(rf"Articles? ({MANY})", row["source"] + row.get("reading", ""))
        ]
    assert CITY_RULE not in cited
    for reference in (reference for text in cited for reference in references(text)):
        assert reference in ROWS, reference


def test_every_reading_belongs_to_an_article_and_says_why():
    for articles, reading, why in table("## Our readings"):
        assert reading
        assert why
        for reference in references(articles) if articles != "none" else ():
            assert reference in ROWS, reference


def test_decisions_order_names_every_reason_once_with_its_answer():
    told = []
    for _, _, answer, reasons in table("## The decision's order"):
        told += [(answer, reason) for reason in reasons.split(", ")]
    assert sorted(told) == sorted((ANSWER_NAMES[answer], name) for answer, name in REASONS.values())
    for flag in FLAG_NAMES.values():
        assert flag in TEXT


def test_services_are_those_of_kaifengs_profile():
    said = {row[0]: row[1:] for row in table("## Services")}
    assert list(said) == list(SERVICES)
    for name, row in said.items():
        rule = KAIFENG.service(name)
        condition = {CONDITION_NONE: "in force", CONDITION_PAPERS: "papers decide"}.get(rule.condition)
        if condition is None:
            condition = f"{'age' if rule.condition == CONDITION_AGE else 'residence'} {rule.years}"
        sees = "SERVICE" if service_role(service_code(name)) == ROLE_BUS else "counter's files"
        assert row == [rule.article, condition, sees, str(rule.warn_hours), str(rule.limit_hours)], name
