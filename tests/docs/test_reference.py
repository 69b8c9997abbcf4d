"""The reference pages say what the program says of itself."""

from __future__ import annotations

import ast
import csv
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_blocks import REPOSITORY

from gapwatch import reference
from gapwatch.cli import EPILOG
from gapwatch.contracts import CONTRACTS
from gapwatch.seeds import DEFAULT_SEEDS
from gapwatch.workspace import settings_rows

DOCS = REPOSITORY / "docs"

pytestmark = pytest.mark.xdist_group("docs")


@pytest.fixture(scope="module", autouse=True)
def great_expectations() -> None:
    """Great Expectations, imported with the deprecations of its own dependencies left to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations.expectations  # noqa: F401  # for what it does


def test_the_committed_pages_are_what_the_generator_writes() -> None:
    assert [str(path.relative_to(REPOSITORY)) for path in reference.stale_pages()] == [], "run: make docs"


def test_a_changed_table_is_noticed() -> None:
    page = (DOCS / "workspace.md").read_text(encoding="utf-8")
    assert reference.refreshed(page.replace("| `version` |", "| `edition` |")) == page


def test_every_setting_stands_in_the_workspace_page() -> None:
    page = (DOCS / "workspace.md").read_text(encoding="utf-8")
    assert [row.key for row in settings_rows() if f"| `{row.key}` |" not in page] == []


def test_every_contract_and_every_mart_has_its_section() -> None:
    contracts = (DOCS / "contracts.md").read_text(encoding="utf-8")
    marts = (DOCS / "marts.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)$", contracts, re.MULTILINE)[-len(CONTRACTS) :] == list(CONTRACTS)
    assert [n for n in reference.mart_names() if f"## {n}\n" not in marts] == []


def test_every_mart_says_which_questions_it_answers() -> None:
    marts = (DOCS / "marts.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^<!-- generated)", marts, re.MULTILINE | re.DOTALL))
    assert [n for n in reference.mart_names() if "?" not in sections.get(n, "")] == []


def test_every_threshold_of_the_seeds_is_named() -> None:
    page = (DOCS / "workspace.md").read_text(encoding="utf-8")
    with (DEFAULT_SEEDS / "settings.csv").open(encoding="utf-8", newline="") as file:
        names = [row["name"] for row in csv.DictReader(file)]
    assert [name for name in names if f"| `{name}` |" not in page] == []


def test_every_rule_that_stops_something_is_explained_and_no_other() -> None:
    page = (DOCS / "contracts.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page.partition("## The contracts")[0], re.MULTILINE))
    assert explained == _rules_of_files_and_batches() | _rules_of_rows()


def test_every_exit_code_is_explained() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"(?:^|· )(\d+) ", EPILOG.replace("\n", " \n").split("codes**")[1], re.MULTILINE))
    assert told
    assert told <= set(re.findall(r"^\| (\d+) \|", page, re.MULTILINE))


def test_links_lead_to_pages_and_headings_that_exist() -> None:
    broken = []
    for page in [REPOSITORY / "README.md", REPOSITORY / "DECISIONS.md", *sorted(DOCS.glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"https?://", target):
                continue
            name, _, heading = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            if not path.exists() or (heading and heading not in _headings(path)):
                broken.append(f"{page.name}: {target}")
    assert broken == []


def _headings(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _rules_of_rows() -> set[str]:
    from expectations import suite_of
    from gapwatch.gate_stage import WAITING_RULES

    rules = {
        e.meta["rule"]
        for name in CONTRACTS
        for e in suite_of(name, "versions", 0)
        if e.meta["severity"] == "row"
    }
    return rules | set(WAITING_RULES)


def _rules_of_files_and_batches() -> set[str]:
    """Names of rules under which the library holds a file or a batch: the arguments of its held errors."""
    modules = [*(REPOSITORY / "gapwatch").glob("*.py"), *(REPOSITORY / "gapwatch" / "readers").glob("*.py")]
    return {rule for path in modules for rule in _rules_in(ast.parse(path.read_text(encoding="utf-8")))} | {
        "growing"
    }


def _rules_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        rule = node.args[1] if node.func.id == "held" and len(node.args) > 1 else given.get("rule")
        if node.func.id in {"held", "HeldError"} and isinstance(rule, ast.Constant):
            yield str(rule.value)
