"""Amazon's API."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, ClassVar

from tests.plugin.providers.server import Provider, Refusal

if TYPE_CHECKING:
    from tests.lab import Lab
    from tests.plugin.providers.server import Request


class Route53(Provider):
    """Amazon's API: whole RRsets are replaced, and a change is in sync when it is asked for."""

    space: ClassVar = "https://route53.amazonaws.com/doc/2013-04-01/"

    def __init__(self, lab: Lab, *zones: str) -> None:
        super().__init__(lab, *zones)
        self.asked_for_change: set[str] = set()

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "LABKEY",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def respond(self, asked: Request) -> tuple[int, str, bytes]:
        signed = "AWS4-HMAC-SHA256 Credential=LABKEY/"
        if not str(asked.headers.get("Authorization")).startswith(signed):
            raise Refusal(403, "The request is not signed by the lab's key")
        return 200, "text/xml", self._respond(asked).encode()

    def refusal(self, refusal: Refusal) -> tuple[str, bytes]:
        words = f"<Code>Refused</Code><Message>{refusal.words}</Message>"
        return "text/xml", f"<ErrorResponse><Error>{words}</Error></ErrorResponse>".encode()

    def _respond(self, asked: Request) -> str:
        match asked.method, asked.parts[1:]:
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
                self._change(self.zones[int(number.removeprefix("Z"))], ET.fromstring(asked.body))  # noqa: S314 - the test's own
                return self._told("ChangeResourceRecordSets", f"C{next(self.numbers)}", "PENDING")
            case "GET", ["change", change]:
                self.asked_for_change.add(change)
                return self._told("GetChange", change, "INSYNC")
        raise Refusal(404, f"{asked.method} {asked.path}: no such thing")

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
