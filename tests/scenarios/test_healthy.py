"""Healthy variations: ready, and nothing above info is said of any of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from tests.lab import zone_text
from tests.scenarios.values import CHALLENGE, OTHER, VALUE, digest
from tests.scenarios.zones import hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.lab import Lab, NameServer
    from tests.scenarios.seen import Look

    Serve = Callable[["Variation", Sequence[NameServer]], None]

pytestmark = pytest.mark.thorough

KINDS = ("bind", "nsd", "knot", "pdns")
MANY = tuple(digest(f"order {number}") for number in range(60))
DEEP = ".".join(f"level{number}" for number in range(12))


@dataclass(frozen=True, slots=True)
class Variation:
    """Records of shop.test., what is asked, and the zones beside it on the same servers."""

    records: str = CHALLENGE
    domain: str = "shop.test"
    expected: tuple[str, ...] = (VALUE,)
    beside: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


VARIATIONS = {
    "plain": Variation(),
    "of-a-wildcard": Variation(domain="*.shop.test"),
    "apex-and-wildcard": Variation(
        f"{CHALLENGE}\n_acme-challenge TXT {OTHER}", expected=(VALUE, OTHER)
    ),
    "sixty-values": Variation(
        "".join(f"_acme-challenge TXT {value}\n" for value in MANY), expected=MANY
    ),
    "several-strings": Variation(f'_acme-challenge TXT "{VALUE[:9]}" "{VALUE[9:]}"'),
    "mixed-case-owner": Variation(f"_ACME-Challenge TXT {VALUE}"),
    "other-types-beside": Variation(f"{CHALLENGE}\n_acme-challenge A 192.0.2.1"),
    "wildcard-txt": Variation(f"* TXT {VALUE}", domain="www.shop.test"),
    "below-an-empty-non-terminal": Variation(
        f"_acme-challenge.www.dept TXT {VALUE}", domain="www.dept.shop.test"
    ),
    "deep": Variation(f"_acme-challenge.{DEEP} TXT {VALUE}", domain=f"{DEEP}.shop.test"),
    "alias-in-the-zone": Variation(f"_acme-challenge CNAME to\nto TXT {VALUE}"),
    "alias-into-another-zone": Variation(
        "_acme-challenge CNAME shop.aim.test.", beside={"aim.test.": f"shop TXT {VALUE}"}
    ),
    "alias-of-an-alias": Variation(
        f"_acme-challenge CNAME one.aim.test.\ntwo TXT {VALUE}",
        beside={"aim.test.": "one CNAME two.shop.test."},
    ),
    "dname": Variation(
        "sub DNAME aim.test.",
        domain="www.sub.shop.test",
        beside={"aim.test.": f"_acme-challenge.www TXT {VALUE}"},
        without=("pdns",),  # processes DNAME only where told to
    ),
    "wildcard-alias": Variation("* CNAME all.aim.test.", beside={"aim.test.": f"all TXT {VALUE}"}),
    "child-zone-on-the-same-server": Variation(
        "sub NS {ns}",
        domain="www.sub.shop.test",
        beside={"sub.shop.test.": f"_acme-challenge.www TXT {VALUE}"},
    ),
    "cut-at-the-challenge-name": Variation(
        "_acme-challenge NS {ns}", beside={"_acme-challenge.shop.test.": f"@ TXT {VALUE}"}
    ),
    "two-cuts-on-the-same-server": Variation(
        "b NS {ns}",
        domain="www.a.b.shop.test",
        beside={"b.shop.test.": "a NS {ns}", "a.b.shop.test.": f"_acme-challenge.www TXT {VALUE}"},
    ),
    "grandchild-below-an-empty-non-terminal": Variation(
        "a.b NS {ns}",
        domain="a.b.shop.test",
        beside={"a.b.shop.test.": CHALLENGE},
    ),
}


@pytest.fixture
def serve(lab: Lab) -> Iterator[Serve]:
    """Serve a variation on some servers; what is beside goes away with it."""
    put: list[tuple[NameServer, str]] = []

    def make(variation: Variation, servers: Sequence[NameServer]) -> None:
        def records(text: str) -> str:
            lines = text.splitlines()
            return "\n".join(
                line.format(ns=server.host)
                for line in lines
                for server in (servers if "{ns}" in line else servers[:1])
            )

        for origin, text in variation.beside.items():
            if origin.endswith(".shop.test."):
                for server in servers:
                    server.put(hosted(origin, servers, records(text)))
                    put.append((server, origin))
            else:
                lab.zone(origin, servers, records=records(text))
        lab.zone("shop.test.", servers, records=records(variation.records))

    yield make
    for server, origin in put:
        server.drop(origin)


@pytest.mark.parametrize("kind", [*KINDS, "all"])
@pytest.mark.parametrize("name", VARIATIONS)
def test_a_healthy_variation_is_ready_without_a_word(
    lab: Lab, look: Look, serve: Serve, name: str, kind: str
) -> None:
    variation = VARIATIONS[name]
    if kind in variation.without:
        pytest.skip("this server does not do that by default")
    able = [server for server in lab.nameservers if server.kind not in variation.without]
    servers = able if kind == "all" else [getattr(lab, kind)]
    serve(variation, servers)
    seen = look(variation.domain, *variation.expected)
    seen.is_ready()
    assert seen.everywhere() <= {"match", "alias"}
    addresses = {row["address"] for row in seen.challenge["servers"]}
    assert addresses == {address for server in servers for address in server.addresses}


def test_powerdns_that_processes_dname(lab: Lab, look: Look) -> None:
    pdns = lab.daemon("pdns", extra_configuration="dname-processing=yes")
    lab.zone("shop.test.", [pdns], records="sub DNAME aim.test.")
    lab.zone("aim.test.", [pdns], records=f"_acme-challenge.www TXT {VALUE}")
    look("www.sub.shop.test", VALUE).is_ready()


@pytest.mark.parametrize("family", [4, 6])
def test_name_servers_of_one_family(lab: Lab, look: Look, family: int) -> None:
    servers = [lab.bind, lab.nsd, lab.knot, lab.pdns]
    hosts = []
    for server in servers:
        host = f"only{family}-{server.kind}.dns.test."
        lab.name_addresses(host, [server.address4 if family == 4 else server.address6])
        hosts.append(host)
    lab.zone("shop.test.", servers, records=CHALLENGE, apex=hosts, delegation=hosts)
    seen = look("shop.test", VALUE)
    seen.is_ready()
    assert len(seen.challenge["servers"]) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_name_servers_inside_the_zone_with_glue(lab: Lab, look: Look, kind: str) -> None:
    server: NameServer = getattr(lab, kind)
    own = f"ns A {server.address4}\nns AAAA {server.address6}"
    lab.zone(
        "shop.test.",
        [server],
        records=f"{CHALLENGE}\n{own}",
        apex=["ns.shop.test."],
        delegation=["ns.shop.test."],
        glue=[f"ns.shop.test. A {server.address4}", f"ns.shop.test. AAAA {server.address6}"],
    )
    look("shop.test", VALUE).is_ready()


def test_name_servers_below_another_zone_that_has_glue(lab: Lab, look: Look) -> None:
    # Names of shop.test.'s servers lie in aim.test., whose own lie in itself.
    own = f"ns A {lab.knot.address4}\nns AAAA {lab.knot.address6}"
    lab.zone(
        "aim.test.",
        [lab.knot],
        records=own,
        apex=["ns.aim.test."],
        delegation=["ns.aim.test."],
        glue=[f"ns.aim.test. A {lab.knot.address4}", f"ns.aim.test. AAAA {lab.knot.address6}"],
    )
    lab.zone(
        "shop.test.",
        [lab.knot],
        records=CHALLENGE,
        apex=["ns.aim.test."],
        delegation=["ns.aim.test."],
    )
    look("shop.test", VALUE).is_ready()


def test_sixteen_aliases_are_followed(lab: Lab, look: Look) -> None:
    # From zone to zone, each on a server of its own: a CNAME at a time.
    origins = ("shop.test.", "aim.test.")
    names: dict[str, list[str]] = {origin: [] for origin in origins}
    names["shop.test."].append("_acme-challenge CNAME h1.aim.test.")
    for hop in range(1, 16):
        names[origins[hop % 2]].append(f"h{hop} CNAME h{hop + 1}.{origins[(hop + 1) % 2]}")
    names["shop.test."].append(f"h16 TXT {VALUE}")
    lab.zone("shop.test.", [lab.bind], records="\n".join(names["shop.test."]))
    lab.zone("aim.test.", [lab.nsd], records="\n".join(names["aim.test."]))
    look.compares = False  # Unbound follows eleven
    seen = look("shop.test", VALUE)
    seen.is_ready()
    assert len(seen.challenge["alias_chain"]) == 16


def test_a_child_zone_on_another_server(lab: Lab, look: Look) -> None:
    lab.knot.put(hosted("sub.shop.test.", [lab.knot], CHALLENGE))
    lab.zone("shop.test.", [lab.bind, lab.nsd], records=f"sub NS {lab.knot.host}")
    try:
        seen = look("sub.shop.test", VALUE)
    finally:
        lab.knot.drop("sub.shop.test.")
    seen.is_ready()
    assert {row["nameserver"] for row in seen.challenge["servers"]} == {lab.knot.host}


@pytest.mark.parametrize("kind", ["bind", "knot"])
def test_a_signed_zone(lab: Lab, look: Look, kind: str) -> None:
    host = f"signer-{kind}.dns.test."
    text = zone_text("shop.test.", [host], CHALLENGE)
    server = lab.daemon(kind, {"shop.test.": text}, host=host, signed=True)
    lab.delegate("shop.test.", [server])
    try:
        look("shop.test", VALUE).is_ready()
        answer = server.query("_acme-challenge.shop.test.", "TXT", dnssec=True)
    finally:
        lab.undelegate("shop.test.")
    assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer.answer)


def test_without_an_expected_value_a_healthy_zone_is_ready(
    lab: Lab, look: Look, each_server: NameServer
) -> None:
    lab.zone("shop.test.", [each_server], records="@ A 192.0.2.1")
    look("shop.test").is_ready()
