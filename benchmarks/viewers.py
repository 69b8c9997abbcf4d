"""Viewers that speak Streamlit's own protocol: many of them fit on the machine that serves them.

A browser takes more of a processor than the page it shows. These open a session over the web socket, ask
for pages as a click in the navigation does, and read every message until the page has run.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

#: The id of the snapshot stands on line two of every page.
_SNAPSHOT = re.compile(r'title="(\d{8}-\d{6}-[0-9a-f]+)"')
PATIENCE_SECONDS = 120.0


@dataclass
class Frame:
    """One page as it came: seconds from the click to its title and to its end, the snapshots it names, what
    went wrong.
    """

    page: str
    seconds: float
    seconds_to_end: float = 0.0
    snapshots: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Viewer:
    """One open session; a context manager."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._hashes: dict[str, str] = {}
        self._socket: ClientConnection

    def __enter__(self) -> Viewer:
        self._socket = connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            origin=Origin(f"http://127.0.0.1:{self.port}"),
            max_size=None,
            proxy=None,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def open(self, page: str = "", query: str = "") -> Frame:
        """Ask for a page by the last part of its address, and read it to its end."""
        message = BackMsg()
        message.rerun_script.query_string = query
        message.rerun_script.page_name = page
        if page in self._hashes:
            message.rerun_script.page_script_hash = self._hashes[page]
        began = time.monotonic()
        self._socket.send(message.SerializeToString())
        frame = Frame(page, 0.0)
        while True:
            answer = ForwardMsg()
            received = self._socket.recv(timeout=PATIENCE_SECONDS)
            answer.ParseFromString(received if isinstance(received, bytes) else received.encode())
            self._read(answer, frame, began)
            if answer.WhichOneof("type") == "script_finished":
                frame.seconds_to_end = time.monotonic() - began
                return frame

    def _read(self, answer: ForwardMsg, frame: Frame, began: float) -> None:
        kind = answer.WhichOneof("type")
        if kind == "navigation":
            self._hashes = {each.url_pathname: each.page_script_hash for each in answer.navigation.app_pages}
        elif kind == "page_not_found":
            frame.errors.append(f"no page {frame.page!r}")
        elif kind == "delta" and answer.delta.HasField("new_element"):
            element = answer.delta.new_element
            if element.HasField("heading") and not frame.seconds:
                frame.seconds = time.monotonic() - began
            if element.HasField("html"):
                frame.snapshots.update(_SNAPSHOT.findall(element.html.body))
            if element.HasField("exception"):
                frame.errors.append(element.exception.message)
            if element.HasField("alert") and element.alert.format == element.alert.ERROR:
                frame.errors.append(element.alert.body)


def watch(
    port: int,
    pages: list[tuple[str, str]],
    *,
    viewers: int,
    clicks: int,
    think_seconds: float,
    is_over: Callable[[], bool] = lambda: True,
    seed: int = 1,
) -> list[Frame]:
    """Let so many viewers click, thinking about as long between two clicks; all their frames.

    Each clicks so often, and on until ``is_over`` says so. The first page of each viewer is not counted: it
    opens the session.
    """
    frames: list[Frame] = []
    lock = threading.Lock()

    def one(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        time.sleep(chance.uniform(0, think_seconds))
        with Viewer(port) as viewer:
            viewer.open()
            clicked = 0
            while clicked < clicks or not is_over():
                clicked += 1
                time.sleep(chance.uniform(0.5, 1.5) * think_seconds)
                frame = viewer.open(*chance.choice(pages))
                with lock:
                    frames.append(frame)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(viewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return frames
