"""Text from outside made inert for each kind of message: shown as typed, never interpreted."""

from __future__ import annotations

import re
import unicodedata

# Overrides, isolates and marks turn the text around them; tags and zero-width marks hide in it.
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
#: Chat services each read another Markdown, and none takes a backslash for sure: what could open markup,
#: mention somebody or make a link is replaced by a character that looks alike.
_ALIKE = str.maketrans(
    {
        "*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "<": "‹", ">": "›", "[": "［", "]": "］", "|": "｜",
        "\\": "＼", "@": "＠", "#": "＃", "!": "ǃ", "$": "＄",
    }
)  # fmt: skip
#: A joiner inside what chats would turn into a link or an icon.
_LINKS = re.compile(r"(?<=\w)(?=\.\w)|:(?=//)|:(?=[\w+\-]+:)")
LONGEST = 200


def visible(text: object) -> str:
    """One line without characters that are not seen, at most 200 characters."""
    composed = unicodedata.normalize("NFC", str(text))
    spaced = re.sub("[\t\r\n\v\f\u0085\u2028\u2029]", " ", composed)
    line = " ".join(_INVISIBLE.sub("", spaced).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def in_chat(text: object) -> str:
    """The same without a character that Slack, Teams, Discord and others would interpret."""
    return _LINKS.sub(lambda found: f"{found[0]}\u2060", visible(text).translate(_ALIKE))
