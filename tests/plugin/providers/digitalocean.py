"""DigitalOcean's API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.plugin.providers.server import Provider, Refusal

if TYPE_CHECKING:
    from tests.plugin.providers.server import Request


class DigitalOcean(Provider):
    """DigitalOcean's API, version 2: domains and their records."""

    token = "dop_v1_lab"  # noqa: S105 - nobody's

    @property
    def environment(self) -> dict[str, str]:
        return {"DIGITALOCEAN_END_POINT": f"{self.url}/v2/"}

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Unable to authenticate you.")
        status, answer = self._respond(asked)
        return status, "application/json", b"" if answer is None else json.dumps(answer).encode()

    def _respond(self, asked: Request) -> tuple[int, Any]:
        match asked.method, asked.parts[1:]:
            case "GET", ["domains"]:
                domains = [{"name": zone, "ttl": 1800, "zone_file": ""} for zone in self.zones]
                return 200, {"domains": domains, "links": {}, "meta": {"total": len(domains)}}
            case "GET", ["domains", zone, "records"]:
                records = [self._record(number) for number in self.records_in(zone)]
                return 200, {"domain_records": records, "links": {}, "meta": {}}
            case "POST", ["domains", zone, "records"] if zone in self.zones:
                record = asked.json
                if record["type"] != "TXT" or record["name"].endswith(zone):
                    raise Refusal(422, f"no record relative to {zone}: {record}")
                number = self.add(f"{record['name']}.{zone}", record["data"])
                return 201, {"domain_record": self._record(number)}
            case "DELETE", ["domains", zone, "records", text] if int(text) in self.records_in(zone):
                self.remove(int(text))
                return 204, None
        raise Refusal(404, f"{asked.method} {asked.path}: no such thing")

    def _record(self, number: int) -> dict[str, object]:
        name, value = self.records[number]
        relative = name.removesuffix(f".{self.zone_of(name)}")
        return {"id": number, "type": "TXT", "name": relative, "data": value, "ttl": 30}
