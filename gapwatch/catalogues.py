"""Catalogues of sentences: the English sentence is the key, ``<language>.po`` of a folder has the others."""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


@cache
def translations(folder: Path, language: str) -> gettext.NullTranslations:
    """The catalogue of a language; a language without one speaks English."""
    path = folder / f"{language}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
