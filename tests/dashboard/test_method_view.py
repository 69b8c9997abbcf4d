"""Method: a real example that adds up, and one place for what every word means."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import fixture_snapshot
import pytest
import yaml
from conftest import Ask, OpenPage
from reading_pages import expanders, rows, title, words

from dashboards import definitions
from dashboards.texts import CATALOGUES, LANGUAGES, Words
from gapwatch.seeds import DEFAULT_SEEDS

DASHBOARDS = CATALOGUES.parent
TERMS = [
    term
    for part in yaml.safe_load(definitions.FILE.read_text(encoding="utf-8"))["parts"]
    for term in part["terms"]
]
THRESHOLDS = {
    line.split(",")[0]
    for line in (DEFAULT_SEEDS / "settings.csv").read_text(encoding="utf-8").splitlines()[1:]
}


def test_the_example_is_a_real_client_whose_parts_add_up(
    company: Path, open_page: OpenPage, ask: Ask
) -> None:
    at = open_page(company, "method")

    assert title(at) == "Satisfaction is perception minus expectation"
    shown = [heading.value for heading in at.subheader if "A real example" in heading.value]
    (name,) = re.findall(r"A real example\\?: (.+)", shown[0])
    table = rows(at, f"A real example: {name}")
    account = ask(f"select account_id from marts.dim_accounts where account_name = '{name}'")[0][0]
    gaps = ask(
        "select w.satisfaction_gap, s.satisfaction_gap from marts.rpt_gap_worked as w "
        "join marts.fct_satisfaction_weekly as s on s.account_id = w.account_id and s.week_id = w.week_id "
        f"where w.account_id = '{account}' and s.service_dimension = 'overall' order by w.service_dimension"
    )
    assert len(table) == 4
    assert {Words().signed(float(str(gap)), 1) for gap, _ in gaps} == {row[3].split()[0] for row in table}
    assert f"= {Words().signed(float(str(gaps[0][1])), 2)}" in words(at).replace("\\", "")


def test_another_client_can_be_the_example_and_an_unknown_one_is_said_aloud(
    company: Path, open_page: OpenPage
) -> None:
    assert "Harbor Logistics" in str(
        [h.value for h in open_page(company, "method", account="A-001").subheader]
    )
    assert "unknown account" in open_page(company, "method", account="nobody").toast[0].value


def test_without_any_gap_there_is_no_example(tmp_path: Path, open_page: OpenPage) -> None:
    at = open_page(
        fixture_snapshot.publish(tmp_path, "update marts.rpt_gap_worked set satisfaction_gap = null"),
        "method",
    )

    assert "No client can be shown as an example yet" in words(at)


def test_a_term_in_the_link_opens_its_part(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "method", term="reliability")

    opened = [each.label for each in at.expander if each.proto.expanded]
    assert opened == ["How far to believe it"]
    assert "Every line and threshold, with its reason" in expanders(at)


def test_every_threshold_is_listed_with_its_reason(company: Path, open_page: OpenPage) -> None:
    table = rows(open_page(company, "method"), "Every line and threshold, with its reason")

    assert {row[0] for row in table} == THRESHOLDS
    assert all(row[2] for row in table)


def test_a_line_set_by_the_workspace_is_the_one_that_sentences_say(
    tmp_path: Path, open_page: OpenPage
) -> None:
    other = "update meta.settings set value = 0.8, is_own = true where name = 'min_gap_reliability'"

    text = words(open_page(fixture_snapshot.publish(tmp_path, other), "method", lang="en"))

    assert "Below 0.80 the gap adds noise" in text
    assert "set by this workspace" in text


def test_every_term_behind_a_word_is_defined() -> None:
    asked = {
        node.args[1].value
        for path in DASHBOARDS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "explained"
        and isinstance(node.args[1], ast.Constant)
    }

    assert len(asked) > 10
    assert asked - {term["term"] for term in TERMS} == set()


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["term"])
def test_a_definition_explains_a_column_in_every_language_with_known_thresholds(
    term: dict[str, dict[str, str]],
) -> None:
    mart, column = str(term["column"]).split(".")
    assert column in fixture_snapshot.contracts()[mart]
    for language in LANGUAGES:
        assert term["name"][language]
        named = set(re.findall(r"{(\w+)}", term["text"][language]))
        assert named <= THRESHOLDS | {"weeks"}
        assert named == set(re.findall(r"{(\w+)}", term["text"]["en"]))
