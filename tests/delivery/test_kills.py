"""kill -9 between any two statements of a sender: no alert is lost, and none is told twice once confirmed.

``make torture-alerts`` runs the long form. ``GAPWATCH_ALERTS`` (default 10,000) and ``GAPWATCH_KILLS``
(default 200) say how long.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from gapwatch.delivery import outbox
from gapwatch.faults import FAULT_POINTS
from gapwatch.ledger import Ledger, now
from tests.delivery.alerted import VARIABLE, Alerted
from tests.delivery.storm import KILLED, Storm, receiving, sender

PATIENT = {
    "deadline_seconds": 2,
    "first_wait_seconds": 0.05,
    "longest_wait_seconds": 1,
    "max_attempts": 60,
    "stay_seconds": 0,
}


@pytest.mark.parametrize("point", [point for point in FAULT_POINTS if point.startswith("delivery.")])
def test_a_sender_killed_anywhere_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    company = Alerted(tmp_path / "company", {"delivery": PATIENT})
    company.change("people", **{"Li Wei": {"digest": "daily", "channels": ["hook"]}})
    company.raise_alerts({"number": 1}, {"number": 2}, {"number": 3, "owner": "Li Wei"})
    with receiving(failing=0) as receiver:
        monkeypatch.setenv(VARIABLE, f"json://127.0.0.1:{receiver.port}/")

        first = sender(company.folder, point)
        first.communicate(timeout=60)
        assert first.returncode == KILLED
        if any(row["state"] == "leased" for row in company.outbox()):
            # As if the time of the lease had passed.
            company.set(leased_until=now() - timedelta(seconds=1))
        second = sender(company.folder, stay=5)
        _, said = second.communicate(timeout=60)

    assert second.returncode == 0, said
    assert set(company.alerts().values()) == {"sent"}
    assert {row["state"] for row in company.outbox()} == {"sent"}
    assert len(receiver.effects) == 3
    # Only between a confirmation and its note may a message be repeated, and then once.
    repeats = sum(receiver.seen.values()) - 3
    assert repeats == (1 if point in {"delivery.after_send", "delivery.inside_mark"} else 0)


def test_a_storm_with_killed_senders_loses_nothing_and_tells_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = weather(tmp_path, monkeypatch, alerts=300, kills=12, most_seconds=200)

    assert figures["killed"] >= 10, figures


@pytest.mark.torture
def test_the_long_storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = int(os.environ.get("GAPWATCH_ALERTS", "10000"))
    kills = int(os.environ.get("GAPWATCH_KILLS", "200"))
    figures = weather(tmp_path, monkeypatch, alerts=alerts, kills=kills, most_seconds=7200)
    print(json.dumps(figures, indent=2))

    assert figures["killed"] >= kills * 0.95, figures


def weather(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, alerts: int, kills: int, most_seconds: float
) -> dict[str, object]:
    company = Alerted(folder / "company", {"delivery": PATIENT})
    company.raise_alerts(*({"number": number} for number in range(1, alerts + 1)))
    seed = int(os.environ.get("GAPWATCH_SEED", "1"))
    with receiving(failing=0.2, seed=seed) as receiver:
        monkeypatch.setenv(VARIABLE, f"json://127.0.0.1:{receiver.port}/")
        storm, is_done = Storm(company.folder, receiver, kills, alerts, seed), threading.Event()

        def watch() -> None:
            with Ledger.of(company.ws) as ledger:
                while not is_done.is_set():
                    if outbox.waiting(ledger).open == 0:
                        is_done.set()
                    time.sleep(0.2)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            seconds = storm.rage(is_done, most_seconds)
        finally:
            is_done.set()
            watcher.join()

    assert storm.wrong == []
    lost = [alert for alert, state in company.alerts().items() if state != "sent"]
    effects = Counter(receiver.effects.values())
    doubled = [alert for alert, count in effects.items() if count > 1]
    assert lost == []
    assert doubled == []
    assert len(effects) == alerts
    assert {row["state"] for row in company.outbox()} == {"sent"}
    # What was confirmed comes again only where a sender died between the confirmation and its note.
    assert receiver.after_confirmation <= storm.killed
    return {
        "alerts": alerts,
        "killed": storm.killed,
        "requests": sum(receiver.seen.values()),
        "ends": dict(receiver.ends),
        "lost": len(lost),
        "double_effects": len(doubled),
        "repeated_after_confirmation": receiver.after_confirmation,
        "seconds": round(seconds),
    }
