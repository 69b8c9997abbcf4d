"""Both languages: whole sentences, numbers and dates, and no sentence left behind."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from conftest import OpenPage
from fixture_snapshot import MARTS
from reading_pages import rows, title, words

from dashboards.texts import CATALOGUES, LANGUAGES, Words, lower_first

DASHBOARDS = CATALOGUES.parent


def sentences() -> Iterator[tuple[str, ...]]:
    """Every sentence the screens say: (sentence,) or (singular, plural)."""
    for path in DASHBOARDS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                size = {"say": 1, "count": 2}.get(node.func.attr, 0)
                said = [
                    a.value
                    for a in node.args[:size]
                    if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                if size and len(said) == size:
                    yield tuple(said)


def seeded() -> set[tuple[str, ...]]:
    """What the library's own thresholds say of themselves."""
    with (MARTS.parents[1] / "seeds" / "settings.csv").open(encoding="utf-8") as file:
        return {(row[column],) for row in csv.DictReader(file) for column in ("reason", "unit")}


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_every_sentence_is_translated_with_the_same_values(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = {
            message.id if isinstance(message.id, tuple) else (message.id,): message
            for message in read_po(file, locale=language)
            if message.id
        }
    said = set(sentences()) | seeded()
    assert len(said) > 150

    assert said - set(catalogue) == set(), "without a translation"
    assert set(catalogue) - said == set(), "no longer said"
    for key, message in catalogue.items():
        translated = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(translated), key
        for text in translated:
            assert placeholders(text) <= set().union(*map(placeholders, key)) | {"n"}, key
            assert placeholders(key[-1]) - {"n"} <= placeholders(text), key


def test_the_clients_page_speaks_chinese(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, lang="zh")

    assert title(at) == "40 家客户中有 8 家可能流失，其中 3 家的症结是信任。"
    assert rows(at, "按风险排列的客户")[0][1].startswith("信任：感知在 14 周前下降 感知 −29，期望 +1 · ")

    at = open_page(company, lang="zh", sort="gap")

    assert title(at) == "36 家客户中有 6 家的期望比感受高出 15 分以上，其中 3 家差距最大的是信任。"
    assert rows(at, "按差距排列的客户")[0][1].startswith("信任，差距过大已 9 周：感知下降 29")
    assert "数据截至" in words(at)


def test_the_client_page_speaks_chinese(company: Path, open_page: OpenPage) -> None:
    at = open_page(company, "client", account="A-001", lang="zh")

    assert title(at) == "Harbor Logistics – 信任：感知在 14 周前下降"
    assert "负责人 K. Braun（客户经理）" in words(at)


def test_thresholds_give_their_reasons_in_chinese(company: Path, open_page: OpenPage) -> None:
    read = words(open_page(company, "method", lang="zh"))

    assert "一个季度：足以让各位联系人轮到一次" in read
    assert "One quarter: long enough" not in read


def test_an_unknown_language_falls_back_to_english(company: Path, open_page: OpenPage) -> None:
    assert "clients may leave" in title(open_page(company, lang="xx"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-17.6, "\u221218"), (3.2, "+3"), (0.0, "0"), (-0.4, "0"), (0.49, "0"), (None, "–")],
)
def test_gaps_are_signed_with_a_true_minus_and_zero_is_bare(value: float | None, shown: str) -> None:
    assert Words().signed(value) == shown


def test_unknown_numbers_are_never_zero() -> None:
    words = Words()

    assert {
        words.score(None),
        words.share(None),
        words.integer(None),
        words.day(None),
        words.signed(None),
    } == {"–"}


def test_dates_are_written_as_each_language_does() -> None:
    assert Words("en").day(date(2027, 3, 15)) == "15 Mar 2027"
    assert Words("en").month(date(2026, 9, 1)) == "Sep 2026"
    assert Words("zh").day(date(2027, 3, 15)) == "2027年3月15日"


@pytest.mark.parametrize(
    ("hours", "age"),
    [(0.5, "30 min"), (3, "3 h"), (23.9, "23 h"), (24, "1 d"), (216, "9 d"), (24 * 800, "2 y")],
)
def test_ages_have_one_unit(hours: float, age: str) -> None:
    until = datetime(2026, 11, 21, 6, 10, tzinfo=UTC)
    since = datetime.fromtimestamp(until.timestamp() - hours * 3600, UTC)

    assert Words().age(since, until) == age


def test_plural_forms_follow_the_language() -> None:
    def overdue(language: str, n: int) -> str:
        return Words(language).count("{n} promise overdue", "{n} promises overdue", n)

    assert [overdue("en", n) for n in (0, 1, 2)] == [
        "0 promises overdue",
        "1 promise overdue",
        "2 promises overdue",
    ]
    assert overdue("zh", 1) == "1 项承诺逾期"


def test_a_window_of_another_length_is_said() -> None:
    assert Words("en", weeks=8).say("nobody answered in {weeks} weeks") == "nobody answered in 8 weeks"


def test_labels_within_a_sentence_keep_abbreviations() -> None:
    assert lower_first("Trust", "en") == "trust"
    assert lower_first("IT security", "en") == "IT security"
