"""Orders of a marketplace, each promised for a day, and their reviews. Figures measured on the files."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import duckdb
import pytest
from public_examples import Run

pytestmark = pytest.mark.xdist_group("example_olist")

PROMISES = "(select * from marts.fct_promises where is_newest and signal = 'delivery_first_promise')"
DELIVERED = f"(select * from {PROMISES} where kept_at is not null)"


@pytest.fixture(scope="module")
def marts(run: Run) -> duckdb.DuckDBPyConnection:
    return run("olist", private=True)


def test_deliveries_late_by_the_day_that_was_promised(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"select count(*), round(100 * avg(cast(state = 'broken' as integer)), 2) from {DELIVERED}"
    ).fetchall()
    assert rows == [(3_898, 7.16)]


def test_by_the_instant_instead_of_the_day_more_would_be_late(marts: duckdb.DuckDBPyConnection) -> None:
    midnight = "timezone('UTC', timezone('America/Sao_Paulo', cast(due_on as timestamp)))"
    assert marts.execute(f"select count(*) from {DELIVERED} where kept_at > {midnight}").fetchall() == [
        (335,)
    ]


def test_reviews_of_late_deliveries_are_worse(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select promises.state, round(avg(answers.answer_value), 3), count(*) "
        f"from {DELIVERED} as promises join marts.fct_answers as answers using (account_id) "
        "where answers.question_id = 'review_score' group by promises.state order by promises.state"
    ).fetchall()
    assert rows == [("broken", 2.153, 268), ("kept", 4.286, 3_617)]


def test_orders_that_never_came_are_broken_or_called_off(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"select state, cancelled_by, count(*) from {PROMISES} where kept_at is null "
        "group by all order by all"
    ).fetchall()
    # On their way or stuck; not to be had; cancelled by the customer.
    assert rows == [("broken", "us", 17), ("broken", None, 62), ("cancelled", None, 23)]


def test_comments_keep_their_line_breaks(marts: duckdb.DuckDBPyConnection, data: Path) -> None:
    file = data / "delivery_olist" / "olist_order_reviews_dataset.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        reviews = list(csv.DictReader(lines))
    written = {r["review_id"]: r["review_comment_message"].strip() for r in reviews}
    comments = marts.execute(
        "select response_id, answer_text from private_snapshot.private.comments"
    ).fetchall()
    assert len(reviews) == 3_986
    assert sum("\n" in text for text in written.values()) == 87
    assert dict(comments) == {review: text for review, text in written.items() if text}


def test_reviews_belong_to_the_customer_of_their_order(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        "select count(distinct answers.account_id), count(distinct accounts.region) "
        "from marts.fct_answers as answers join marts.dim_accounts as accounts using (account_id)"
    ).fetchall()
    assert rows == [(3_972, 26)]
