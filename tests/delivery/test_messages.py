"""A message says first what matters; whatever a client typed is shown and never interpreted."""

from __future__ import annotations

import ast
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.pofile import read_po

from gapwatch.delivery.facts import Facts, contact_name
from gapwatch.delivery.messages import alert_message, digest_message
from gapwatch.delivery.orders import Message
from gapwatch.delivery.phrases import CATALOGUES
from tests.delivery.alerted import AS_OF, Alerted, alert, publish

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "Evil\r\nBcc: victim@firm.example\r\n\r\nbody",
    "*bold* _it_ ~s~ `c` # h",
    "[click](http://evil.example) <http://evil.example|here>",
    "![x](http://evil.example/x.png)",
    "<!channel> @everyone <@U123> @here",
    "safe\u202egnp.exe \u2066x\u2069 \u200bzero\u00adsoft \U000e0041tag",
    "{{ 7*7 }} {% raw %} {say} ${HOME} %s",
    "http://evil.example www.evil.example :smile:",
    "tab\tnull\x00bell\x07line\u2028sep",
]


@pytest.fixture
def company(tmp_path: Path) -> Alerted:
    made = Alerted(tmp_path / "company")
    publish(made.folder)
    return made


def facts_of(company: Alerted, language: str = "en", **changed: Any) -> dict[str, Any]:
    with Facts(company.ws) as facts:
        return facts.of(alert(raised_at=AS_OF, **changed), language)


def message_of(company: Alerted, language: str = "en", contact: str | None = None, **changed: Any) -> Message:
    return alert_message(facts_of(company, language, **changed), "key", contact)


def test_the_first_sentence_says_who_which_dimension_since_when_why_and_what_to_do(company: Alerted) -> None:
    message = message_of(company)

    assert message.title == "Harbor Logistics: Trust, churn risk"
    first, link, due = message.text.split("\n\n")[:3]
    assert first.startswith(
        "Harbor Logistics: Trust, since 29 Jun 2026: risk of leaving 72 of 100, first promise gap. "
        "What to do: "
    )
    assert "Confirm every open delivery date" in first
    assert link == (
        "Open the evidence: https://gapwatch.firm.example/client?account=A-001&dim=trust&alert=alert-1"
    )
    assert due == "Answer by 24 Aug 2026 (client of tier gold)."


def test_numbers_come_with_n_and_age_and_drivers_with_points(company: Alerted) -> None:
    text = message_of(company).text

    assert "- Value 72.5 (points of 100), opens at 60.0" in text
    assert "- n = 5" in text
    assert "- Week of 10 Aug 2026, as known on 16 Aug 2026" in text
    assert "- Promise gap, trust: 44.0 points (−38.0, before −12.0; n = 6; since 22 Jun 2026)" in text
    assert "- Silence: 28.5 points (96.0; n = 3; since 22 Jun 2026)" in text
    assert "2.0 points (90.0; –; since 22 Jun 2026)" in text, "nothing to count is not counted"
    assert "Satisfaction gap" not in text, "a driver without points is none"
    assert "- Contract ends on 31 Dec 2026; 120,000 EUR a year." in text


def test_the_rules_record_is_told_or_that_there_is_none(company: Alerted) -> None:
    assert (
        "Record of this rule, replayed: 14 of 20 came true (70 %; 48 % to 86 %). "
        "Half of them 52 days or more ahead. False alarms per owner and month: 0.4."
    ) in message_of(company).text
    assert "no record yet" in message_of(company, kind="silence", driver="silence").text


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"kind": "perception_breach", "value": 0.93}, "perception is below the line with 93 % certainty"),
        ({"kind": "single_voice", "value": 12, "contact_id": "C-7"}, "M. Sørensen gave 12 of 100"),
        ({"kind": "silence", "value": 96}, "nobody has answered or met us for 96 days"),
        ({"kind": "promise_overdue", "value": 44, "n": 1}, "a promise is overdue for 44 days"),
        ({"kind": "promise_overdue", "value": 44, "n": 3}, "3 promises are overdue, the oldest for 44 days"),
        (
            {"kind": "expectation_inflation", "value": 7},
            "more is expected of us by 7 points while perception held",
        ),
        (
            {
                "kind": "data_stale",
                "value": 3,
                "subject_kind": "source",
                "subject_id": "tickets",
                "account_id": None,
                "service_dimension": "",
            },
            "tickets, since 29 Jun 2026: data is 3 days later than agreed",
        ),
        (
            {
                "kind": "data_stale",
                "value": 0.3,
                "subject_kind": "source",
                "subject_id": "tickets",
                "account_id": None,
                "service_dimension": "",
            },
            "tickets, since 29 Jun 2026: data is 7 h later than agreed",
        ),
        (
            {
                "kind": "data_stale",
                "value": None,
                "subject_kind": "source",
                "subject_id": "tickets",
                "account_id": None,
                "service_dimension": "",
            },
            "tickets, since 29 Jun 2026: no row of it was let in yet",
        ),
        (
            {
                "kind": "data_stale",
                "value": 0.0,
                "subject_kind": "source",
                "subject_id": "tickets",
                "account_id": None,
                "service_dimension": "",
            },
            "tickets, since 29 Jun 2026: its newest batch was not let in",
        ),
        ({"kind": "churn_risk", "driver": None}, "risk of leaving 72 of 100."),
    ],
)
def test_each_kind_says_why(company: Alerted, changed: dict[str, Any], why: str) -> None:
    contact = contact_name(company.ws, "s1", "C-7") if changed.get("contact_id") else None

    assert why in message_of(company, contact=contact, **changed).text.splitlines()[0]


def test_a_source_in_time_whose_batch_is_held_is_not_measured_in_days(company: Alerted) -> None:
    about = {"kind": "data_stale", "subject_kind": "source", "subject_id": "tickets", "account_id": None}

    assert "- Value 3.0 (days), opens at " in message_of(company, value=3.0, **about).text
    text = message_of(company, value=0.0, **about).text
    assert "Value" not in text
    assert "days" not in text


def test_nothing_to_count_is_not_counted(company: Alerted) -> None:
    assert "- n = 1\n" in message_of(company, n=1).text
    assert not re.search("^- n = ", message_of(company, n=0).text, re.MULTILINE)


def test_a_chinese_owner_reads_chinese(company: Alerted) -> None:
    message = message_of(company, "zh")

    assert message.title == "Harbor Logistics：信任，流失风险"
    assert message.text.startswith(
        "Harbor Logistics：信任，自2026年6月29日起：流失风险 72 分（满分 100），最早出现的是承诺差距。"
    )
    left = re.sub(r"https?://\S+|Harbor Logistics|EUR|gold|P-\d+|\d+ n", "", message.text)
    assert not re.search(r"[A-Za-z]{3,}", left)


def test_a_pruned_snapshot_leaves_a_message_that_still_says_what_matters(company: Alerted) -> None:
    before = facts_of(company)
    shutil.rmtree(company.folder / "published")

    late = alert_message(facts_of(company), "key").text
    assert late.startswith("A-001: Trust, since 29 Jun 2026: risk of leaving 72 of 100")
    assert "no record yet" in late
    assert alert_message(before, "key").text.startswith("Harbor Logistics: Trust"), "facts kept are enough"


def test_names_of_people_are_looked_up_and_never_kept(company: Alerted) -> None:
    changed = {"kind": "single_voice", "contact_id": "C-7", "value": 12}
    facts = facts_of(company, **changed)

    assert "Sørensen" not in str(facts)
    assert contact_name(company.ws, "s1", "C-7") == "M. Sørensen"
    assert contact_name(company.ws, "pruned", "C-7") == "M. Sørensen"
    assert contact_name(company.ws, "s1", "C-8") is None
    assert "C-7 gave 12 of 100" in alert_message(facts, "key").text


def test_without_an_address_of_the_screens_there_is_no_link(company: Alerted) -> None:
    company.settings["alerts"].pop("link_base")
    company.write()
    message = message_of(company)

    assert "Open the evidence" not in message.text
    assert "href" not in message.html


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [
            str(value) for name, value in attrs if name in {"href", "src"} or name.startswith("on")
        ]


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("where", ["account", "contact", "evidence", "tier", "source"])
def test_what_a_client_typed_stays_text(company: Alerted, nasty: str, where: str) -> None:
    facts = facts_of(company, kind="single_voice", contact_id="C-7")
    name = None
    match where:
        case "account":
            facts["account_name"] = nasty
        case "contact":
            name = nasty
        case "evidence":
            facts["evidence_keys"] = [nasty]
        case "tier":
            facts["tier"] = nasty
        case _:
            facts |= {"account_name": None, "account_id": None, "subject_id": nasty}
    message = alert_message(facts, "key", name)

    tags = _Tags()
    tags.feed(message.html)
    allowed = {"html", "head", "meta", "title", "body", "p", "strong", "a", "ul", "li", "table", "tr", "td"}
    assert tags.seen <= allowed
    assert tags.links == [facts["link"]]
    assert "\n" not in message.title
    assert "\r" not in message.title + message.text + message.html + message.markdown
    everything = message.title + message.text + message.html + message.markdown
    assert not re.search(
        "[\u0000-\u0008\u000b-\u001f\u200b\u202a-\u202e\u2066-\u2069\u2028\U000e0000-\U000e007f]", everything
    )
    ours = alert_message({**facts, "account_name": "X", "evidence_keys": [], "tier": "x"}, "key", "x")
    for form in ("markdown", "chat", "chat_title"):
        for mark in "<>`[]@*_|~!#":
            assert getattr(message, form).count(mark) <= getattr(ours, form).count(mark), mark
        assert "http://" not in getattr(message, form).replace(facts["link"], "")
    assert "49" not in message.title


def test_a_digest_lists_its_alerts_each_with_its_link(company: Alerted) -> None:
    members = [
        facts_of(company),
        facts_of(company, number=2, account_id="A-001", kind="silence", driver="silence", value=96),
    ]
    message = digest_message(members, "key", "2026-08-16", "en", {})

    assert message.title == "2 alerts, 16 Aug 2026"
    assert message.alert_key == "digest:2026-08-16"
    assert "1. Harbor Logistics: Trust, since" in message.text
    assert "2. Harbor Logistics: Trust, since" in message.text
    assert message.html.count("<hr>") == 2
    assert digest_message(members[:1], "key", "2026-08-16", "zh", {}).title == "2026年8月16日，1 条预警"


def _said() -> set[str]:
    """Every sentence that code and templates say."""
    package = CATALOGUES.parent
    found = set()
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "say"
            ):
                found |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant)}
    for path in (package / "templates").glob("*.jinja"):
        found |= set(re.findall(r'say\("([^"]+)"', path.read_text(encoding="utf-8")))
    return found


def test_every_sentence_is_translated_with_the_same_values() -> None:
    with (CATALOGUES / "zh.po").open("rb") as file:
        catalogue = {
            str(message.id): str(message.string) for message in read_po(file, locale="zh") if message.id
        }

    assert len(_said()) > 30
    assert _said() - set(catalogue) == set(), "without a translation"
    assert set(catalogue) - _said() == set(), "no longer said"
    for english, chinese in catalogue.items():
        names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, chinese)]
        assert names[0] == names[1], english
