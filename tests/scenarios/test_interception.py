"""Something answers in place of the root servers; a registry gives no usable answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.obstacle import Intercepted
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.resolve.root_hints import builtin
from certbot_dns_preflight.run import permanence, precheck, trace
from certbot_dns_preflight.settings import Settings
from tests.lab import misbehaving, namespace, zone_text
from tests.scenarios.values import VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab import Lab
    from tests.scenarios.seen import Look

KINDS = [
    misbehaving.Intercepting,
    misbehaving.InterceptingWithReferrals,
    misbehaving.Portal,
    misbehaving.Refusing,
    misbehaving.ServFail,
    misbehaving.NotImp,
]
ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def interceptor(request: pytest.FixtureRequest, lab: Lab) -> Iterator[misbehaving.Authoritative]:
    """Put one server on all addresses of the real root servers."""
    assert lab.root.running
    roots = sorted({e.address for endpoints in builtin().values() for e in endpoints})
    with request.param(roots, {}) as server:
        yield server
    for address in roots:
        namespace.remove_address(address)


def test_what_answers_in_place_of_the_root_servers_is_told_before_any_record(
    interceptor: misbehaving.Authoritative, look: Look
) -> None:
    look.compares = False
    seen = look("www.example.com", VALUE, root_hints=None)
    assert seen.challenge["outcome"] == "inconclusive"
    assert seen.codes("error") == {"dns-intercepted"}
    assert [f["code"] for f in seen.challenge["findings"]] == ["dns-intercepted"]
    found = seen.finding("dns-intercepted")
    assert "Allow outgoing port 53 (UDP and TCP) from this host" in found["remedy"]
    flags = f"--ask resolvers --resolver {look.lab.unbound.address4}, which answers this host"
    assert flags in found["remedy"]
    for one in found["evidence"]["answers"]:
        assert one["address"] in interceptor.addresses
    # A few answers are enough: nobody else is asked, and no TXT at all.
    assert len(interceptor.asked) <= 6
    assert not [q for q in interceptor.asked if q.kind.name == "TXT"]


def test_the_look_before_a_record_and_the_trace_stop_there_too(
    interceptor: misbehaving.Authoritative,
) -> None:
    settings = Settings(query_timeout=2)
    names = [make_challenge("www.example.com"), make_challenge("example.net")]
    facts = asyncio.run(precheck.check(names, settings))
    outcome = facts.judged(settings, ANYBODY)
    assert outcome.verdict is Verdict.INCONCLUSIVE
    for judged in outcome.challenges:
        errors = [f.code for f in judged.findings if f.severity.value == "error"]
        assert errors == ["dns-intercepted"]
    assert len(permanence.has_permanent_errors(outcome, skip=frozenset())) == 2
    trail = asyncio.run(trace.trace(names[0], settings))
    assert isinstance(trail.survey.obstacle, Intercepted)
    assert not [q for q in interceptor.asked if q.kind.name == "TXT"]


def test_a_wait_ends_as_soon_as_something_answers_in_place_of_the_servers(
    interceptor: misbehaving.Authoritative, look: Look
) -> None:
    look.compares = False
    seen = look("www.example.com", VALUE, root_hints=None, wait=True)
    assert seen.challenge["outcome"] == "inconclusive"
    assert [f["code"] for f in seen.challenge["findings"]] == ["dns-intercepted"]
    assert seen.challenge["rounds"] == 1
    assert len(interceptor.asked) <= 6


@pytest.fixture
def internal(lab: Lab, interceptor: misbehaving.Authoritative) -> Iterator[Recursive]:
    """Give a resolver that knows a zone whose name servers are behind the interceptor."""
    behind = interceptor.addresses[0]
    text = zone_text("shop.test.", ["ns.shop.test."], f"ns.shop.test. A {behind}")
    with misbehaving.RecursiveLooking(lab.addresses(), {"shop.test.": text}) as server:
        yield Recursive(server.addresses[0], 53)


@pytest.mark.parametrize("wait", [False, True])
def test_behind_a_resolver_what_answers_for_the_zones_servers_is_told_too(
    interceptor: misbehaving.Authoritative, internal: Recursive, look: Look, *, wait: bool
) -> None:
    look.compares = False
    seen = look("www.shop.test", VALUE, root_hints=None, resolver=(internal,), wait=wait)
    assert seen.challenge["outcome"] == "inconclusive"
    assert [f["code"] for f in seen.challenge["findings"]] == ["dns-intercepted"]
    assert seen.challenge["rounds"] == 1
    assert len(interceptor.asked) <= 12
    assert not [q for q in interceptor.asked if q.kind.name == "TXT"]


def test_a_resolver_in_whose_stead_something_answers_is_none(
    interceptor: misbehaving.Authoritative, look: Look
) -> None:
    look.compares = False
    itself = Recursive(interceptor.addresses[0], 53)
    seen = look("www.example.com", VALUE, root_hints=None, resolver=(itself,), wait=True)
    assert seen.challenge["outcome"] == "inconclusive"
    assert [f["code"] for f in seen.challenge["findings"]] == ["dns-intercepted"]


def test_the_look_before_a_record_sees_it_behind_a_resolver(
    interceptor: misbehaving.Authoritative, internal: Recursive
) -> None:
    settings = Settings(query_timeout=2, resolver=(internal,))
    names = [make_challenge("www.shop.test"), make_challenge("shop.test")]
    outcome = asyncio.run(precheck.check(names, settings)).judged(settings, ANYBODY)
    for judged in outcome.challenges:
        assert judged.verdict is Verdict.INCONCLUSIVE
        assert [f.code for f in judged.findings] == ["dns-intercepted"]
    assert not [q for q in interceptor.asked if q.kind.name == "TXT"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (misbehaving.Refusing, "nameserver-refuses"),
        (misbehaving.ServFail, "nameserver-failing"),
        (misbehaving.Intercepting, "not-authoritative"),
    ],
)
def test_a_zone_whose_servers_alone_are_lame_is_the_users_behind_a_resolver(
    lab: Lab, look: Look, kind: type[misbehaving.Authoritative], code: str
) -> None:
    look.compares = False
    lame = lab.addresses()
    glue = "".join(f"ns.shop.test. {_kind(a)} {a}\n" for a in lame)
    text = zone_text("shop.test.", ["ns.shop.test."], glue)
    resolver = misbehaving.RecursiveLooking(lab.addresses(), {"shop.test.": text})
    with kind(lame, {}), resolver:
        seen = look("www.shop.test", VALUE, resolver=(Recursive(resolver.addresses[0], 53),))
    seen.fails(code, also=seen.codes("error") & {"caa-unanswerable"})


def test_a_resolver_that_refuses_this_host_is_told_as_that(lab: Lab, look: Look) -> None:
    look.compares = False
    with misbehaving.Refusing(lab.addresses(), {}) as resolver:
        seen = look("www.shop.test", VALUE, resolver=(Recursive(resolver.addresses[0], 53),))
    assert seen.challenge["outcome"] == "inconclusive"
    found = seen.finding("no-dns-egress")
    assert found["summary"] == (
        "none of the resolvers given answers this host's queries: "
        f"{resolver.addresses[0]} returned REFUSED."
    )
    assert "Allow this host to query the resolver" in found["remedy"]


def test_one_root_server_that_fails_is_no_interception(
    lab: Lab, look: Look, tmp_path: Path
) -> None:
    lab.zone("shop.test.", lab.nameservers, records=f"_acme-challenge TXT {VALUE}")
    with misbehaving.Refusing(lab.addresses(), {}) as bad:
        hints = tmp_path / "hints"
        hints.write_text(
            f". 60 NS bad.\n. 60 NS {lab.root.host}\n"
            + "".join(f"bad. 60 {_kind(a)} {a}\n" for a in bad.addresses)
            + "".join(f"{lab.root.host} 60 {_kind(a)} {a}\n" for a in lab.root.addresses)
        )
        look("shop.test", VALUE, root_hints=hints).is_ready()


def test_a_root_that_is_a_resolver_too_is_a_root(lab: Lab, look: Look, tmp_path: Path) -> None:
    lab.zone("shop.test.", lab.nameservers, records=f"_acme-challenge TXT {VALUE}")

    class AlsoResolves(misbehaving.Authoritative):
        """Says that recursion is available, as the internal root of a company may."""

        def respond(self, question: misbehaving.Question) -> misbehaving.dns.message.Message:
            response = super().respond(question)
            response.flags |= misbehaving.dns.flags.RA
            return response

    glue = "".join(f"{lab.tld.host} {_kind(a)} {a}\n" for a in lab.tld.addresses)
    (address, _) = lab.addresses()
    own = f"r.internal. A {address}\ntest. NS {lab.tld.host}\n{glue}"
    text = zone_text(".", ["r.internal."], own)
    with AlsoResolves([address], {".": text}):
        hints = tmp_path / "hints"
        hints.write_text(f". 60 NS r.internal.\nr.internal. 60 A {address}\n")
        look("shop.test", VALUE, root_hints=hints).is_ready()


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (misbehaving.Refusing, "nameserver-failing"),
        (misbehaving.RecursiveLooking, "nameserver-failing"),
        (misbehaving.Silent, "nameserver-unreachable"),
    ],
)
@pytest.mark.parametrize("domain", ["www.shop.lost", "www.nic.lost"])  # beside its name server
def test_a_registry_that_gives_nothing_is_never_the_users_to_mend(
    look: Look,
    tmp_path: Path,
    server: type[misbehaving.Authoritative],
    code: str,
    domain: str,
) -> None:
    root, registry = look.lab.addresses()[0], look.lab.addresses()[0]
    glue = f"ns.nic.lost. A {registry}"
    text = zone_text(".", ["r."], f"r. A {root}\nlost. NS ns.nic.lost.\n{glue}")
    tld = zone_text("lost.", ["ns.nic.lost."], glue)
    hints = tmp_path / "hints"
    hints.write_text(f". 60 NS r.\nr. 60 A {root}\n")
    look.compares = False
    with misbehaving.Authoritative([root], {".": text}), server([registry], {"lost.": tld}):
        seen = look(domain, VALUE, root_hints=hints, query_timeout=0.5)
    found = seen.fails(code)
    assert found["summary"].startswith("none of the servers of the registry zone lost")
    assert found["evidence"]["zone"] == "lost."
    assert "nothing to fix on your side" in found["remedy"]
    assert seen.challenge["servers"] == []
    told = f"{found['summary']} {found['remedy']}"
    assert "registrar" not in told
    assert "NS records" not in told


def _kind(address: str) -> str:
    return "AAAA" if ":" in address else "A"
