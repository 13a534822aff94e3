from __future__ import annotations

import dns.name

from certbot_dns_preflight.checks.rules import record_lingers
from tests.builders.survey import NS1, NS2, at, nxdomain

OWNER = dns.name.from_text("_acme-challenge.example.com.")


def test_it_names_the_record_its_value_and_a_server() -> None:
    seen = at(NS1, nxdomain())
    found = record_lingers.tell([(OWNER, b"abc\x1b", seen)])
    assert (found.code, found.severity) == ("record-lingers", "warning")
    assert found.summary == (
        "still served after the clean-up: _acme-challenge.example.com TXT "
        f'"abc\\027" at ns1.example.net ({NS1}).'
    )
    assert found.nameserver == dns.name.from_text("ns1.example.net.")


def test_several_are_one_finding() -> None:
    found = record_lingers.tell(
        [(OWNER, b"one", at(NS1, nxdomain())), (OWNER, b"two", at(NS2, nxdomain()))]
    )
    assert '"one"' in found.summary
    assert '"two"' in found.summary
    assert found.nameserver is None
    assert found.evidence == {"values": ["one", "two"]}
