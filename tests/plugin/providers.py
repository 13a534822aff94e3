"""DNS providers' HTTP APIs, played by local servers that check what they get and write into BIND.

Each refuses what the real one refuses, and takes note of it in `complaints`.
"""

from __future__ import annotations

import http.server
import itertools
import json
import re
import threading
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, ClassVar

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

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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

    def serve(self, request: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        path = request.path.partition("?")[0]
        with self._lock:
            self.calls.append(f"{request.command} {path}")
            try:
                status, kind, answer = self.respond(request.command, path, request.headers, body)
            except Refusal as refusal:
                self.complaints.append(refusal.words)
                status, kind, answer = refusal.status, *self.refusal(refusal)
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
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


class DigitalOcean(Provider):
    """DigitalOcean's API, version 2: domains and their records."""

    token = "dop_v1_lab"  # noqa: S105 - nobody's

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        if headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Unable to authenticate you.")
        status, answer = self._respond(method, path, body)
        return status, "application/json", b"" if answer is None else json.dumps(answer).encode()

    def _respond(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        match method, path.strip("/").split("/")[1:]:
            case "GET", ["domains"]:
                domains = [{"name": zone, "ttl": 1800, "zone_file": ""} for zone in self.zones]
                return 200, {"domains": domains, "links": {}, "meta": {"total": len(domains)}}
            case "GET", ["domains", zone, "records"]:
                records = [
                    self._record(number) for number in self.records if self._in(number, zone)
                ]
                return 200, {"domain_records": records, "links": {}, "meta": {}}
            case "POST", ["domains", zone, "records"] if zone in self.zones:
                asked = json.loads(body)
                if asked["type"] != "TXT" or asked["name"].endswith(zone):
                    raise Refusal(422, f"no record relative to {zone}: {asked}")
                number = next(self.numbers)
                self.records[number] = f"{asked['name']}.{zone}", asked["data"]
                self.publish(self.records[number][0])
                return 201, {"domain_record": self._record(number)}
            case "DELETE", ["domains", zone, "records", text] if self._in(int(text), zone):
                name, _ = self.records.pop(int(text))
                self.publish(name)
                return 204, None
        raise Refusal(404, f"{method} {path}: no such thing")

    def _in(self, number: int, zone: str) -> bool:
        return number in self.records and self.zone_of(self.records[number][0]) == zone

    def _record(self, number: int) -> dict[str, object]:
        name, value = self.records[number]
        relative = name.removesuffix(f".{self.zone_of(name)}")
        return {"id": number, "type": "TXT", "name": relative, "data": value, "ttl": 30}


class Route53(Provider):
    """Amazon's API: whole RRsets are replaced, and a change is in sync when it is asked for."""

    space: ClassVar = "https://route53.amazonaws.com/doc/2013-04-01/"

    def __init__(self, lab: Lab, *zones: str) -> None:
        super().__init__(lab, *zones)
        self.asked_for_change: set[str] = set()

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        if not str(headers.get("Authorization")).startswith("AWS4-HMAC-SHA256 Credential=LABKEY/"):
            raise Refusal(403, "The request is not signed by the lab's key")
        return 200, "text/xml", self._respond(method, path.rstrip("/"), body).encode()

    def refusal(self, refusal: Refusal) -> tuple[str, bytes]:
        words = f"<Code>Refused</Code><Message>{refusal.words}</Message>"
        return "text/xml", f"<ErrorResponse><Error>{words}</Error></ErrorResponse>".encode()

    def _respond(self, method: str, path: str, body: bytes) -> str:
        match method, path.split("/")[2:]:
            case "GET", ["hostedzone"]:
                zones = "".join(
                    f"<HostedZone><Id>/hostedzone/Z{number}</Id><Name>{zone}.</Name>"
                    "<CallerReference>x</CallerReference>"
                    "<Config><PrivateZone>false</PrivateZone></Config></HostedZone>"
                    for number, zone in enumerate(self.zones)
                )
                return (
                    f'<ListHostedZonesResponse xmlns="{self.space}"><HostedZones>{zones}'
                    "</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>"
                    "</ListHostedZonesResponse>"
                )
            case "POST", ["hostedzone", number, "rrset"]:
                self._change(self.zones[int(number.removeprefix("Z"))], ET.fromstring(body))  # noqa: S314 - the test's own
                return self._told("ChangeResourceRecordSets", f"C{next(self.numbers)}", "PENDING")
            case "GET", ["change", change]:
                self.asked_for_change.add(change)
                return self._told("GetChange", change, "INSYNC")
        raise Refusal(404, f"{method} {path}: no such thing")

    def _told(self, what: str, change: str, status: str) -> str:
        return (
            f'<{what}Response xmlns="{self.space}"><ChangeInfo><Id>/change/{change}</Id>'
            f"<Status>{status}</Status><SubmittedAt>2026-11-27T12:00:00Z</SubmittedAt>"
            f"</ChangeInfo></{what}Response>"
        )

    def _change(self, zone: str, batch: ET.Element) -> None:
        def text(element: ET.Element, tag: str) -> str:
            return str(element.findtext(f".//{{{self.space}}}{tag}"))

        for change in batch.iter(f"{{{self.space}}}Change"):
            name = text(change, "Name").rstrip(".")
            values = {str(value.text).strip('"') for value in change.iter(f"{{{self.space}}}Value")}
            if self.zone_of(name) != zone or text(change, "Type") != "TXT":
                raise Refusal(400, f"no TXT record in {zone}: {name}")
            there = {value for at, value in self.records.values() if at == name}
            if text(change, "Action") == "DELETE" and values != there:
                raise Refusal(400, f"{name} does not have just {values}")
            kept = {n: record for n, record in self.records.items() if record[0] != name}
            self.records = kept
            if text(change, "Action") != "DELETE":
                kept.update({next(self.numbers): (name, value) for value in values})
            self.publish(name)


class AcmeDns(Provider):
    """acme-dns: an account writes at one name, and its two latest values are kept."""

    def __init__(self, lab: Lab, zone: str, accounts: Mapping[str, str]) -> None:
        super().__init__(lab, zone)
        self.accounts = accounts  # subdomain by user

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        asked = json.loads(body)
        user = str(headers.get("X-Api-User"))
        if (method, path) != ("POST", "/update") or headers.get("X-Api-Key") != f"key-{user}":
            raise Refusal(401, "forbidden")
        if self.accounts.get(user) != asked["subdomain"]:
            raise Refusal(401, f"{user} may not write at {asked['subdomain']}")
        name = f"{asked['subdomain']}.{self.zones[0]}"
        mine = [number for number, (at, _) in self.records.items() if at == name]
        for number in mine[:-1]:
            del self.records[number]
        self.records[next(self.numbers)] = name, asked["txt"]
        self.publish(name)
        return 200, "application/json", json.dumps({"txt": asked["txt"]}).encode()


# A plugin for acme-dns as there are several: its account is found by the domain that is validated,
# and it knows nothing of where the alias leads.
ACME_DNS_PLUGIN = """
import json
import requests
from certbot import errors
from certbot.plugins import dns_common

class Plugin(dns_common.DNSAuthenticator):
    description = "acme-dns"

    @classmethod
    def add_parser_arguments(cls, add):
        super().add_parser_arguments(add, default_propagation_seconds=1)
        add("api-url")
        add("accounts")

    def more_info(self): return "Writes at acme-dns."
    def _setup_credentials(self): self.accounts = json.load(open(self.conf("accounts")))

    def _perform(self, domain, name, value):
        if domain not in self.accounts:
            raise errors.PluginError("no account for " + domain)
        user, subdomain = self.accounts[domain]
        answer = requests.post(
            self.conf("api-url") + "/update",
            json={"subdomain": subdomain, "txt": value},
            headers={"X-Api-User": user, "X-Api-Key": "key-" + user},
            timeout=10,
        )
        if answer.status_code != 200:
            raise errors.PluginError(answer.text)

    def _cleanup(self, domain, name, value): pass
"""
