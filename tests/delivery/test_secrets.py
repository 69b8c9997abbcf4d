"""What an address is made of stands in no byte that is written: ledger, logs, standard output and error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.delivery.alerted import VARIABLE, Alerted
from tests.delivery.receivers import Mail, Web, closed_port

CANARY = "Kanarienvogel7Yx2"
#: The loudest logging there is, before anything of ours runs.
LOUD = (
    "import logging, sys; logging.basicConfig(level=1); "
    "from gapwatch.workspace import load_workspace; from gapwatch.delivery.sending import send; "
    "print(send(load_workspace(sys.argv[1])).as_dict())"
)


def addresses(web: Web, mail: Mail) -> list[str]:
    return [
        f"json://user:{CANARY}@127.0.0.1:{web.port}/ok/{CANARY}?+X-Token={CANARY}",
        f"json://user:{CANARY}@127.0.0.1:{web.port}/status/500?-token={CANARY}",
        f"xml://127.0.0.1:{web.port}/redirect/{CANARY}",
        f"form://127.0.0.1:{web.port}/slam/{CANARY}",
        f"json://127.0.0.1:{web.port}/hang/{CANARY}",
        f"json://{CANARY}.invalid/{CANARY}",
        f"json://127.0.0.1:{closed_port()}/{CANARY}",
        f"mailto://user:{CANARY}@127.0.0.1:{mail.port}/a@firm.example?from=g@firm.example&mode=insecure",
        f"slack://{CANARY}",
        f"nothing://{CANARY}@host",
    ]


def test_no_part_of_an_address_is_written_anywhere(tmp_path: Path, web: Web, mail: Mail) -> None:
    company = Alerted(tmp_path / "company")
    company.change("delivery", deadline_seconds=2, max_attempts=1)
    environment = dict(os.environ)
    channels = [f"channel{number}" for number in range(len(addresses(web, mail)))]
    for channel, address in zip(channels, addresses(web, mail), strict=True):
        company.change("channels", **{channel: {"url": f"env:{VARIABLE}_{channel}"}})
        environment[f"{VARIABLE}_{channel}"] = address
    company.change("alerts", default_channels=channels)
    company.raise_alerts({})

    ended = subprocess.run(
        [sys.executable, "-c", LOUD, str(company.folder)], env=environment, capture_output=True, timeout=120
    )

    assert ended.returncode == 0, ended.stderr
    tried = {row["delivery_id"] for row in company.attempts()}
    assert len(tried) == len(channels), "each channel was tried"
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 1
    for text in [ended.stdout, ended.stderr, *files]:
        assert CANARY.lower().encode() not in text.lower()
