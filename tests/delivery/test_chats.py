"""What Slack and Teams are sent: the sentence, the link and the numbers, and nothing that they would obey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gapwatch.delivery.sending import send
from tests.delivery.alerted import VARIABLE, Alerted, publish
from tests.delivery.chat_services import Chats, chats

SLACK, TEAMS = "hooks.slack.com", "prod-1.westus.logic.azure.com"
ADDRESSES = {
    SLACK: "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#clients",
    TEAMS: f"workflows://{TEAMS}:443/643e69f83c8944438d68119179a10a64/643e69f83c8944438d6811917_sig/",
}
LINK = "https://gapwatch.firm.example/client?account=A-001&dim=trust&alert=alert-1"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chats]:
    with chats(tmp_path, SLACK, TEAMS) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield found


def sent_to(host: str, services: Chats, company: Alerted, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Title and text of the one message that a service was sent."""
    monkeypatch.setenv(VARIABLE, ADDRESSES[host])
    company.raise_alerts({})
    assert send(company.ws).sent == 1
    assert company.alerts() == {"alert-1": "sent"}
    assert list(services.taken) == [host]
    (request,) = services.taken[host]
    (card,) = request.json["attachments"]
    if host == SLACK:
        assert request.json["channel"] == "#clients"
        return {"title": card["title"], "text": card["text"].replace("&amp;", "&")}
    assert "entities" not in card["content"]["msteams"], "nobody is mentioned"
    title, text = card["content"]["body"]
    return {"title": title["text"], "text": text["text"]}


@pytest.mark.parametrize(
    ("host", "link"), [(SLACK, f"<{LINK}|Open the evidence>"), (TEAMS, f"[Open the evidence]({LINK})")]
)
def test_a_chat_reads_the_sentence_first_then_the_link_and_the_numbers(
    services: Chats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, link: str
) -> None:
    company = Alerted(tmp_path / "company")
    publish(company.folder)

    sent = sent_to(host, services, company, monkeypatch)

    assert sent["title"] == "Harbor Logistics: Trust, churn risk"
    first, second, *rest = sent["text"].split("\n\n")
    assert first.startswith("Harbor Logistics: Trust, since 29 Jun 2026: risk of leaving 72 of 100")
    assert "What to do: " in first
    assert second == link
    assert "- n = 5" in "\n".join(rest)
    assert rest[-1].startswith("Record of this rule, replayed: 14 of 20 came true")


@pytest.mark.parametrize("host", [SLACK, TEAMS])
def test_a_clients_name_rings_nobody_and_leads_nowhere(
    services: Chats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    company = Alerted(tmp_path / "company")
    publish(company.folder, name="*b* <!channel> <@U123> <at>all</at> @here [x](http://evil.example)")

    sent = sent_to(host, services, company, monkeypatch)

    for text in sent.values():
        ours = text.replace(f"<{LINK}|Open the evidence>", "").replace(f"[Open the evidence]({LINK})", "")
        assert "channel" in ours
        assert not set("*<>[]@") & set(ours)
        assert "http://" not in ours
        assert "evil.example" not in ours
