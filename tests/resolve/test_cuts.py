"""Which names a resolver passes on its way to a TXT. Pure: nobody is asked."""

from __future__ import annotations

import dns.name
import dns.rdatatype
import pytest

from certbot_dns_preflight.resolve.cache import ZoneCut
from certbot_dns_preflight.resolve.cuts import passed_names

N = dns.name.from_text
TXT, CAA = dns.rdatatype.TXT, dns.rdatatype.CAA
TLD, SHOP, OWNER = N("test."), N("shop.test."), N("_acme-challenge.shop.test.")


@pytest.mark.parametrize(
    ("referred", "servers", "passed"),
    [
        (True, ("ns.shop.test.",), False),
        (True, ("ns.shop.test.", "b.nic.test."), True),
        (False, ("ns.shop.test.",), True),
    ],
    ids=["servers of its own", "a server shared with the zone above", "no referral seen"],
)
def test_the_apex_of_a_zone_is_passed_where_a_server_above_may_hold_it_too(
    *, referred: bool, servers: tuple[str, ...], passed: bool
) -> None:
    tld = ZoneCut(TLD, dns.name.root, {N("a.nic.test."): (), N("b.nic.test."): ()})
    shop = ZoneCut(SHOP, TLD, {N(host): () for host in servers}, referred=referred)
    found = list(passed_names([tld, shop], (OWNER, TXT), asked=()))
    assert found == ([(SHOP, SHOP)] if passed else [])
    assert not list(passed_names([tld, shop], (OWNER, CAA), asked=()))
