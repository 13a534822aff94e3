"""Of a zone's servers, a resolver first knows those that the zone above names."""

from __future__ import annotations

import dns.name
import pytest

from certbot_dns_preflight.facts.caa import CaaAnswer, Content, Failed, NoProperties
from certbot_dns_preflight.facts.zone import Listing, NameServer, Zone
from certbot_dns_preflight.resolve.caa_delegated import reachable

APEX = dns.name.from_text("example.com.")
BOTH = dns.name.from_text("ns1.example.net.")
OWN = dns.name.from_text("ns2.example.net.")
ZONE = Zone(
    APEX,
    dns.name.from_text("com."),
    (
        NameServer(BOTH, frozenset(Listing)),
        NameServer(OWN, frozenset({Listing.APEX})),
    ),
)
FINE, BAD = NoProperties(nxdomain=False), Failed("FORMERR")


@pytest.mark.parametrize(
    ("both", "own", "counting"),
    [
        (FINE, FINE, [BOTH, OWN]),
        (FINE, BAD, [BOTH, OWN]),
        (BAD, FINE, [BOTH]),
        (BAD, BAD, [BOTH]),
    ],
)
def test_where_all_delegated_servers_fail_no_other_counts(
    both: Content, own: Content, counting: list[dns.name.Name]
) -> None:
    said = [CaaAnswer(APEX, APEX, name, None, c) for name, c in ((BOTH, both), (OWN, own))]
    kept = reachable(ZONE, said)
    assert [answer.nameserver for answer in kept] == counting
    others = [isinstance(a.content, Failed) and a.content.others for a in kept]
    assert others == [counting == [BOTH]] * len(kept)
