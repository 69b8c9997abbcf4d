"""The example workspaces as they lie in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from public_examples import EXAMPLES

from gapwatch import files
from gapwatch.workspace import load_workspace

NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/gapwatch.yml"))


def test_there_is_an_example_for_surveys_tickets_and_deliveries() -> None:
    assert NAMES == ["kiosk", "kiosk_clean", "olist", "servicenow"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("data")
def test_every_source_finds_its_one_file_from_the_checkout(name: str) -> None:
    workspace = load_workspace(EXAMPLES / name)
    for source in workspace.sources:
        assert [type(found) for found in files.find(workspace, source)] == [files.FoundFile], source.name


def test_both_kiosk_examples_measure_the_same_dimensions() -> None:
    for seed in ("service_dimensions.csv", "signals.csv"):
        texts = {(EXAMPLES / name / "seeds" / seed).read_bytes() for name in ("kiosk", "kiosk_clean")}
        assert len(texts) == 1, seed


@pytest.mark.parametrize("name", NAMES)
def test_an_example_holds_mappings_and_no_data(name: str) -> None:
    workspace = load_workspace(EXAMPLES / name)
    assert (workspace.folder / "README.md").is_file()
    tables = [path for path in workspace.folder.rglob("*.csv") if _is_kept(path)]
    assert all(path.parent.name in {"seeds", "codebooks"} for path in tables)
    assert all(path.stat().st_size < 20_000 for path in tables)


def _is_kept(path: Path) -> bool:
    return ".gapwatch" not in path.parts
