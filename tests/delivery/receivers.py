"""Receivers on the loopback: HTTP and SMTP servers that take what is sent, or misbehave as they are told."""

from __future__ import annotations

import email
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Request:
    """One request as it came: path, headers (lower case) and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Web:
    """An HTTP receiver. The path says how it answers; ``answers`` may name a status for the next ones.

    /ok 200; /status/503 that status; /hang keeps silent; /drip never ends its answer; /redirect points to
    /ok; /short closes in the middle of its body; /slam closes without an answer. ``retry_after`` is sent
    with every 429 and 503.
    """

    port: int = 0
    retry_after: str | None = None
    hang_seconds: float = 30
    requests: list[Request] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def url(self, path: str, scheme: str = "json", query: str = "") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}{query}"

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [request.json for request in self.requests if request.path == path]


@contextmanager
def web_receiver() -> Iterator[Web]:
    web = Web()
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            web.requests.append(Request(path, {k.lower(): v for k, v in self.headers.items()}, body))
            kind, _, detail = path.strip("/").partition("/")
            if kind == "hang":
                gone.wait(web.hang_seconds)
                self.close_connection = True
            elif kind == "drip":
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                with suppress(OSError):
                    while not gone.wait(0.05):
                        self.wfile.write(b".")
            elif kind == "slam":
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
            elif kind == "short":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"{")
                self.close_connection = True
            elif kind == "redirect":
                self._answer(302, ("Location", f"http://127.0.0.1:{web.port}/ok"))
            elif kind == "status":
                self._answer(int(detail))
            else:
                self._answer(web.answers.pop(0) if web.answers else 200)

        # What a redirect may become; http.server asks for the names.
        do_GET = do_PUT = do_POST  # noqa: N815

        def _answer(self, status: int, *headers: tuple[str, str]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            if web.retry_after is not None and status in {429, 503}:
                self.send_header("Retry-After", web.retry_after)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        gone.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mail:
    """An SMTP receiver: mails by the address they were sent to. ``refused`` addresses are turned down."""

    port: int = 0
    refused: set[str] = field(default_factory=set)
    hang_seconds: float = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)

    def url(self, *to: str) -> str:
        receivers = "/".join(to)
        return f"mailto://127.0.0.1:{self.port}/{receivers}?from=gapwatch@firm.example&mode=insecure"

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: Any, _session: Any, envelope: Any) -> str:
        time.sleep(self.hang_seconds)
        message = email.message_from_bytes(envelope.content, policy=default)
        self.taken += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"


@contextmanager
def mail_receiver() -> Iterator[Mail]:
    mail = Mail(port=closed_port())
    controller = Controller(mail, hostname="127.0.0.1", port=mail.port)
    controller.start()
    try:
        yield mail
    finally:
        controller.stop()


def closed_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
