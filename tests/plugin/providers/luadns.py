"""LuaDNS's API, as the library Lexicon asks for it, which is behind a dozen of certbot's plugins.

Lexicon has the address built in. So it is sent through a proxy, and what answers there has a
certificate for that very host. It also fetches the list of public suffixes, to guess zones by.
"""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING, Any

from tests.lab.acme import write_certificate
from tests.plugin.providers.server import Provider, Refusal

if TYPE_CHECKING:
    import http.server
    from pathlib import Path

    from tests.lab import Lab
    from tests.plugin.providers.server import Request

_HOST = "api.luadns.com"
_SUFFIXES = "publicsuffix.org"


class LuaDns(Provider):
    """Zones and records by number, names with a final dot; HTTP's basic authentication."""

    user, token = "lab@example.test", "lab-token"

    def __init__(self, lab: Lab, directory: Path, *zones: str) -> None:
        super().__init__(lab, *zones)
        certificate, key = directory / "luadns.pem", directory / "luadns.key"
        write_certificate((_HOST, _SUFFIXES), certificate, key)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._cache = directory / "suffixes"
        self._trusted = directory / "trusted.pem"
        self._trusted.write_bytes(certificate.read_bytes() + lab.ca.ca_file.read_bytes())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HTTPS_PROXY": self.url,
            "NO_PROXY": self.lab.ca.address,
            "REQUESTS_CA_BUNDLE": str(self._trusted),
            "TLDEXTRACT_CACHE_PATH": str(self._cache),
        }

    def connect(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.path not in (f"{_HOST}:443", f"{_SUFFIXES}:443"):
            super().connect(handler)
            return
        handler.send_response(200)
        handler.end_headers()
        handler.connection = self._tls.wrap_socket(handler.connection, server_side=True)
        handler.rfile = handler.connection.makefile("rb")
        handler.wfile = handler.connection.makefile("wb", 0)  # type: ignore[assignment] # unbuffered
        handler.handle_one_request()
        handler.connection.close()

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        if asked.headers.get("Host") == _SUFFIXES:
            return 200, "text/plain", b"// ===BEGIN ICANN DOMAINS===\ntest\n"
        known = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        if asked.headers.get("Authorization") != f"Basic {known}":
            raise Refusal(401, "Unauthorized")
        return 200, "application/json", json.dumps(self._respond(asked)).encode()

    def _respond(self, asked: Request) -> Any:  # noqa: ANN401 - JSON
        match asked.method, asked.parts[1:]:
            case "GET", ["zones"]:
                return [{"id": number, "name": zone} for number, zone in enumerate(self.zones)]
            case "GET", ["zones", zone, "records"]:
                return [self._record(number) for number in self.records_in(self._zone(zone))]
            case "POST", ["zones", zone, "records"]:
                record = asked.json
                name = str(record["name"]).removesuffix(".")
                if record["type"] != "TXT" or name == record["name"]:
                    raise Refusal(422, f"no TXT record with a final dot: {record}")
                if self.zone_of(name) != self._zone(zone):
                    raise Refusal(422, f"{name} is not in {self._zone(zone)}")
                return self._record(self.add(name, record["content"]))
            case "DELETE", ["zones", zone, "records", number]:
                if int(number) not in self.records_in(self._zone(zone)):
                    raise Refusal(404, f"no record {number} in {self._zone(zone)}")
                told = self._record(int(number))
                self.remove(int(number))
                return told
        raise Refusal(404, f"{asked.method} {asked.path}: no such thing")

    def _zone(self, number: str) -> str:
        return self.zones[int(number)]

    def _record(self, number: int) -> dict[str, object]:
        name, value = self.records[number]
        return {"id": number, "type": "TXT", "name": f"{name}.", "content": value, "ttl": 60}
