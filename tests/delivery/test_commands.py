"""What a person types: dead messages seen and sent again, a channel tried out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gapwatch.cli import app, output
from gapwatch.cli.output import fail
from gapwatch.delivery.sending import send
from gapwatch.errors import UserError
from tests.delivery.alerted import VARIABLE, Alerted
from tests.delivery.receivers import Web


@pytest.fixture
def company(tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> Alerted:
    monkeypatch.setattr(output, "settings", output.Settings())
    monkeypatch.setenv(VARIABLE, web.url("/ok"))
    made = Alerted(tmp_path / "company")
    made.change("delivery", max_attempts=1)
    return made


def typed(company: Alerted, *arguments: str) -> tuple[int, dict[str, Any]]:
    ended = CliRunner().invoke(app, [*arguments, "--json", "--workspace", str(company.folder)])
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, json.loads(ended.stdout)


def test_a_dead_message_is_listed_sent_again_and_gone_from_the_list(company: Alerted, web: Web) -> None:
    web.answers = [500]
    company.raise_alerts({})
    send(company.ws)

    _, listed = typed(company, "alerts", "dead")
    (row,) = listed["dead"]
    assert (row["recipient"], row["channel"], row["attempts"]) == ("K. Braun", "hook", 1)
    assert "500" in row["last_error"]

    code, answer = typed(company, "alerts", "resend", row["delivery_id"], "--as", "li.wei")
    assert (code, answer["to be sent again"]) == (0, [row["delivery_id"]])
    assert company.alerts() == {"alert-1": "pending"}
    assert send(company.ws).sent == 1
    assert typed(company, "alerts", "dead")[1]["dead"] == []
    assert company.alerts() == {"alert-1": "sent"}


def test_sending_again_stands_in_the_audit(company: Alerted, web: Web) -> None:
    web.answers = [500, 500]
    company.raise_alerts({"number": 1}, {"number": 2})
    send(company.ws)

    typed(company, "alerts", "resend", "--all", "--as", "li.wei")

    code, answer = typed(company, "audit", "verify")
    assert (code, answer["events"]) == (0, 2)


@pytest.mark.parametrize("arguments", [["unknown"], []])
def test_what_is_not_dead_is_not_sent_again(company: Alerted, arguments: list[str]) -> None:
    company.raise_alerts({})

    with pytest.raises(UserError, match=r"gapwatch alerts dead"):
        typed(company, "alerts", "resend", *arguments)


def test_a_channel_is_tried_out(company: Alerted, web: Web) -> None:
    code, answer = typed(company, "alerts", "try", "hook")
    assert (code, answer["receivers"][0]["confirmed"]) == (0, "yes")
    assert web.requests[0].json["title"] == "Gapwatch: this channel works"

    web.answers = [404]
    code, answer = typed(company, "alerts", "try", "hook")
    assert (code, answer["receivers"][0]["answer"]) == (2, "HTTP 404")


def test_a_channel_without_its_variable_says_which(
    company: Alerted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(UserError) as caught:
        typed(company, "alerts", "try", "hook")
    assert fail(caught.value) == 2
    assert f"export {VARIABLE}=" in " ".join(capsys.readouterr().err.split())

    with pytest.raises(UserError, match="hook"):
        typed(company, "alerts", "try", "hooks")
