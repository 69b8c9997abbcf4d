"""What `gapwatch init` proposes from files that it has never seen."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from gapwatch import init

SURVEY = (
    "Response,Client ID,Person,Submitted,Q1 expected,Q1 experienced,Recommend\n"
    "1,C-1,a,2026-02-10 09:30,7,5,9\n"
    "2,C-1,b,2026-02-11 09:30,6,4,10\n"
)


def test_expectation_and_perception_of_one_item_get_one_scale(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "survey.csv").write_text(SURVEY, encoding="utf-8")

    proposal = init.propose(tmp_path, "Example")

    codebook = next(text for name, text in proposal.files.items() if name.endswith("_questions.csv"))
    scales = {
        row["question_id"]: (row["measure"], row["scale_min"], row["scale_max"])
        for row in csv.DictReader(io.StringIO(codebook))
    }
    assert scales["q1_expected"] == ("expectation", "1", "7")
    assert scales["q1_experienced"] == ("perception", "1", "7")
    assert scales["recommend"][1:] == ("0", "10")


def test_a_column_that_says_id_is_the_key_and_the_plain_one_the_name(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "clients.csv").write_text(
        "Client ID;Client;Tier;Client since;Account manager;Changed\nC-1;Acme;A;2024-01-01;kim;2026-01-01\n",
        encoding="utf-8",
    )

    text = init.propose(tmp_path, "Example").text

    assert "account_id: '\"Client ID\"'" in text
    assert "account_name: '\"Client\"'" in text
    assert "updated_at: '\"Changed\"'" in text
