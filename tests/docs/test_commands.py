"""Every command that a page shows is run, in the order of the page, and prints what the page says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from console_blocks import REPOSITORY, Block, Shell, blocks, environment
from warm_gapwatch import warm_gapwatch

from gapwatch.workspace import Workspace

DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "DECISIONS.md", *sorted(DOCS.glob("*.md"))]
#: What runs in a workspace: the first page makes one, each of the others goes on in a copy of it.
FIRST = DOCS / "getting-started.md"
OTHERS = [
    DOCS / name
    for name in ("add-a-source.md", "alerts.md", "operations.md", "reading-snapshots.md", "risk-model.md")
]
#: What cannot run here, and why.
NOT_RUN = {
    "make setup": "the tests run inside the environment that it makes",
    "source .venv/bin/activate": "the tests run inside that environment",
    "make demo": "serves until it is stopped; its parts are tested by themselves",
    "make test": "this test is a part of it",
    "make airflow": "runs servers until it is stopped; tests/airflow runs the DAGs",
    "gapwatch serve": "serves until it is stopped; tests/dashboard opens the screens",
}

pytestmark = pytest.mark.xdist_group("docs")


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands, with a `gapwatch` in its path."""
    folder = tmp_path_factory.mktemp("programs")
    variables = environment(folder / "bin")
    with warm_gapwatch(folder, variables):
        yield variables


@pytest.fixture(scope="session")
def followed(seen: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """The workspace that a reader has who did all that the first page says."""
    shell = Shell(tmp_path_factory.mktemp("docs"), NOT_RUN, seen)
    shell.follow(FIRST)
    return shell


@pytest.mark.timeout(600)
def test_ones_own_files_become_numbers_as_the_first_page_says(followed: Shell) -> None:
    assert (followed.folder / "published" / "current.json").is_file()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.stem)
def test_a_page_that_goes_on_from_there_does_what_it_says(
    page: Path, followed: Shell, tmp_path: Path
) -> None:
    folder = tmp_path / "my-company"
    shutil.copytree(followed.folder, folder)
    Shell(folder, NOT_RUN, followed.environment).follow(page)


def test_no_page_shows_a_command_that_is_not_run() -> None:
    elsewhere = {
        command.text
        for page in PAGES
        if page not in (FIRST, *OTHERS)
        for block in blocks(page)
        for command in block.commands()
    }
    assert elsewhere <= NOT_RUN.keys()


def test_nothing_is_excused_that_no_page_shows() -> None:
    shown = {command.text for page in PAGES for block in blocks(page) for command in block.commands()}
    assert NOT_RUN.keys() <= shown


def test_every_command_begins_with_a_prompt_in_a_console_block() -> None:
    untitled = [b for page in PAGES for b in blocks(page) if not b.attributes]
    strays = [f"{b.page}, line {b.line}" for b in untitled if b.language in {"sh", "shell", "python", "sql"}]
    assert not strays
    assert all(b.text.startswith("$ ") for b in untitled if b.language in {"console", "bash"})


@pytest.mark.parametrize(
    "block",
    [b for page in PAGES for b in blocks(page) if b.language == "yaml" and b.text.startswith("version:")],
    ids=lambda block: f"{Path(block.page).stem}-{block.line}",
)
def test_a_whole_gapwatch_yml_on_a_page_is_valid(block: Block) -> None:
    Workspace.model_validate(yaml.safe_load(block.text))
