"""Cloudflare's API, version 4, as releases 2 to 5 of its own library ask for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.plugin.providers.server import Provider, Refusal

if TYPE_CHECKING:
    from tests.plugin.providers.server import Request

_IDENTICAL = 81058


class Cloudflare(Provider):
    """Zones by name, records by the zone's number; every answer in an envelope."""

    token = "v4-lab-token"  # noqa: S105 - nobody's

    @property
    def environment(self) -> dict[str, str]:
        url = f"{self.url}/client/v4"
        # Its library's name for it, from release 3 on and until then.
        return {"CLOUDFLARE_BASE_URL": url, "CLOUDFLARE_API_URL": url}

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(403, "Invalid access token")
        envelope = {"success": True, "errors": [], "messages": [], "result": self._respond(asked)}
        return 200, "application/json", json.dumps(envelope).encode()

    def refusal(self, refusal: Refusal) -> tuple[str, bytes]:
        code = _IDENTICAL if "identical" in refusal.words else 9109
        told = {"success": False, "errors": [{"code": code, "message": refusal.words}]}
        return "application/json", json.dumps({**told, "messages": [], "result": None}).encode()

    def _respond(self, asked: Request) -> Any:  # noqa: ANN401 - JSON
        match asked.method, asked.parts[2:]:
            case "GET", [*_] if asked.query.get("page", "1") != "1":
                return []  # there is never more than one
            case "GET", ["zones"]:
                name = asked.query["name"]
                return [{"id": self._id(name), "name": name}] if name in self.zones else []
            case "GET", ["zones", zone, "dns_records"]:
                at = asked.query.get("name.exact", asked.query.get("name"))
                value = asked.query.get("content.exact", asked.query.get("content"))
                if asked.query["type"] != "TXT":
                    raise Refusal(400, f"no question for TXT: {asked.query}")
                mine = self.records_in(self._zone(zone))
                return [self._record(n) for n in mine if self.records[n] == (at, value)][:1]
            case "POST", ["zones", zone, "dns_records"]:
                return self._record(self._make(self._zone(zone), asked.json))
            case "DELETE", ["zones", zone, "dns_records", number]:
                if int(number) not in self.records_in(self._zone(zone)):
                    raise Refusal(404, f"no record {number} in {self._zone(zone)}")
                self.remove(int(number))
                return {"id": number}
        raise Refusal(404, f"{asked.method} {asked.path}: no such thing")

    def _make(self, zone: str, record: dict[str, Any]) -> int:
        name, value = str(record["name"]), str(record["content"])
        if record["type"] != "TXT" or self.zone_of(name) != zone or record["ttl"] != 120:
            raise Refusal(400, f"no TXT record for {zone}: {record}")
        if (name, value) in self.records.values():
            raise Refusal(400, "an identical record already exists")
        return self.add(name, value)

    def _id(self, zone: str) -> str:
        return f"{self.zones.index(zone):032x}"

    def _zone(self, identifier: str) -> str:
        by_id = {self._id(zone): zone for zone in self.zones}
        if identifier not in by_id:
            raise Refusal(404, f"no zone {identifier}")
        return by_id[identifier]

    def _record(self, number: int) -> dict[str, object]:
        name, value = self.records[number]
        return {"id": str(number), "type": "TXT", "name": name, "content": value, "ttl": 120}
