"""Titles first: a page that has told its finding lets pages go first that have not.

One interpreter draws for everybody, and most of a page is drawn after its title. Nobody waits long: see
``PATIENCE_SECONDS``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: As long as a page stands aside at one time, though others still have no title.
PATIENCE_SECONDS = 0.05


class Turns:
    """Who of those that draw at this moment has no title yet; each page is drawn by a thread of its own."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._untitled: set[int] = set()
        self._all_titled = threading.Condition()

    @contextmanager
    def page(self) -> Iterator[None]:
        """While a page is drawn, however that ends."""
        with self._all_titled:
            self._untitled.add(threading.get_ident())
        try:
            yield
        finally:
            self.titled()

    def titled(self) -> None:
        """The title of this thread's page is drawn."""
        with self._all_titled:
            self._untitled.discard(threading.get_ident())
            if not self._untitled:
                self._all_titled.notify_all()

    def give_way(self) -> None:
        """Stand aside for pages without a title; a page without one itself does not.

        Call it between two parts of a page, and never where others wait for what is being done.
        """
        with self._all_titled:
            if threading.get_ident() not in self._untitled:
                self._all_titled.wait_for(lambda: not self._untitled, timeout=self._patience_seconds)


#: Of this server.
TURNS = Turns()
