"""The page on delegating shows what the command prints."""

from __future__ import annotations

from pathlib import Path

from certbot_dns_preflight.report.delegate import render
from certbot_dns_preflight.report.delegation_plan import Plan
from tests.builders.survey import NXDOMAIN, hop, judged, name, nodata, seen

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "delegate.md"
ZONE = "acme.example.net."


def test_the_example_in_the_documentation_is_what_is_printed() -> None:
    owner = name("_acme-challenge.example.com.")
    servers = (("ns1.example.net.", "192.0.2.1"), ("ns2.example.net.", "192.0.2.2"))
    own = judged(*(seen(*server, NXDOMAIN) for server in servers))
    there = judged(
        domain="acme.example.net",
        hops=(hop(*(seen(*server, nodata(ZONE), zone=ZONE) for server in servers), owner=ZONE),),
    )
    plan = Plan(
        domain="example.com",
        names=("example.com",),
        owner=owner,
        target=name(f"{owner}{ZONE}"),
        zone=name(ZONE),
        own=own,
        there=there,
        place=owner,
    )
    indented = "".join(f"    {line}".rstrip() + "\n" for line in render(plan).split("\n"))
    command = "    $ dns-preflight delegate example.com --to acme.example.net\n"
    assert command + indented in PAGE.read_text()
