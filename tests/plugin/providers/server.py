"""What the providers have in common: an HTTP server, an account's zones, records in BIND."""

from __future__ import annotations

import http.server
import itertools
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from tests.lab import Lab

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class Refusal(Exception):  # noqa: N818 - what it is
    """What the API answers in place of success."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `query` has the first value of each parameter."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> list[str]:
        """The path, piece by piece."""
        return self.path.strip("/").split("/")

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body."""
        return json.loads(self.body)


class Provider:
    """An HTTP server with the account's zones. Subclasses are one provider's API each."""

    def __init__(self, lab: Lab, *zones: str) -> None:
        self.lab = lab
        self.zones = zones
        self.records: dict[int, tuple[str, str]] = {}
        self.calls: list[str] = []
        self.complaints: list[str] = []
        self.numbers = itertools.count(1)
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                provider.serve(self, self.rfile.read(length))

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

            def do_CONNECT(self) -> None:
                provider.connect(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """By which variables the plugin comes here."""
        raise NotImplementedError

    @property
    def written(self) -> list[str]:
        """The calls that made a record."""
        return [call for call in self.calls if call.startswith("POST")]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def connect(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer who takes this for a proxy."""
        self.complaints.append(f"no proxy to {handler.path}")
        handler.send_error(405)

    def serve(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        path, _, query = handler.path.partition("?")
        asked = Request(
            handler.command, path, dict(urllib.parse.parse_qsl(query)), handler.headers, body
        )
        with self._lock:
            self.calls.append(f"{asked.method} {path}")
            try:
                status, kind, answer = self.respond(asked)
            except Refusal as refusal:
                self.complaints.append(refusal.words)
                status, kind, answer = refusal.status, *self.refusal(refusal)
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        """Answer one request: status, content type, content."""
        raise NotImplementedError

    def refusal(self, refusal: Refusal) -> tuple[str, bytes]:
        """Word a refusal."""
        return "application/json", json.dumps({"id": "no", "message": refusal.words}).encode()

    def zone_of(self, name: str) -> str:
        fitting = [zone for zone in self.zones if name == zone or name.endswith(f".{zone}")]
        if not fitting:
            raise Refusal(404, f"{name} is in no zone of this account")
        return max(fitting, key=len)

    def records_in(self, zone: str) -> list[int]:
        return [number for number, (name, _) in self.records.items() if self.zone_of(name) == zone]

    def add(self, name: str, value: str) -> int:
        """Add a record beside those that are there."""
        number = next(self.numbers)
        self.records[number] = name, value
        self.publish(name)
        return number

    def remove(self, number: int) -> None:
        """Remove a record; others at its name stay."""
        name, _ = self.records.pop(number)
        self.publish(name)

    def publish(self, name: str) -> None:
        """Bring all values at a name into the zone."""
        values = [value for at, value in self.records.values() if at == name]
        if not all(_VALUE.fullmatch(value) for value in values):
            raise Refusal(422, f"no value of a challenge among {values}")
        self.lab.update(
            self.lab.primary,
            f"{self.zone_of(name)}.",
            delete=[f"{name}. TXT"],
            add=[f"{name}. TXT {value}" for value in values],
        )
