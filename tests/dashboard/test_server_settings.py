"""The settings that Streamlit reads beside the script, as it understands them."""

from __future__ import annotations

import tomllib

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
