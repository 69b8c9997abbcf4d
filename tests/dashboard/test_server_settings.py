"""The settings that Streamlit reads beside the script, as it understands them; and how a server ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import APP
from streamlit.config import get_config_options

SETTINGS = tomllib.loads((APP.parent / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
NAMES = [
    f"{section}.{name}"
    for section, values in SETTINGS.items()
    for name in values
    if not isinstance(values[name], dict)
]


@pytest.mark.parametrize("name", NAMES)
def test_streamlit_knows_every_setting(name: str) -> None:
    assert name in get_config_options()


def test_nobody_waits_for_a_collection_of_all_memory_after_somebodys_click() -> None:
    assert SETTINGS["runner"]["postScriptGC"] is False
    assert get_config_options()["runner.postScriptGC"].default_val is True


def test_what_was_left_out_of_searches_for_garbage_is_no_complaint_at_the_end(company: Path) -> None:
    code = (
        "import gc, sys\nfrom streamlit.testing.v1 import AppTest\n"
        "AppTest.from_file(sys.argv[1], default_timeout=60).run()\n"
        "sys.exit(not gc.get_freeze_count())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(APP)],
        env={**os.environ, "GAPWATCH_WORKSPACE": str(company)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "leaked" not in ended.stderr
