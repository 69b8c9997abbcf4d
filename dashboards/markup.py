"""Text from outside, made inert: what a client typed is shown, never interpreted."""

from __future__ import annotations

import html
import re

# Overrides and isolates turn the text around them; tags and zero-width marks hide in it.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>:@&^=/\"'])")
# Shortcodes and bare addresses are looked for after Markdown is read, when a backslash is gone already:
# an invisible joiner within them keeps them text.
_READ_LATER = re.compile(r":(?=[\w+\-/]+:)|(?<=www)(?=\.)|:(?=//)|@", re.IGNORECASE)


def visible(text: object) -> str:
    """The text without characters that are not seen but change how others are shown."""
    return _INVISIBLE.sub("", str(text))


def in_html(text: object) -> str:
    """Text for an HTML element or a quoted attribute."""
    return html.escape(visible(text), quote=True)


def in_markdown(text: object) -> str:
    """Text for Streamlit's Markdown: no emphasis, colour, formula, link, image or icon arises."""
    one_line = " ".join(visible(text).split())
    return _PUNCTUATION.sub(r"\\\1", _READ_LATER.sub(lambda found: found[0] + "\u2060", one_line))
