"""This host's own resolver beside the public DNS: what is an internal view, and what is not."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.answers import Endpoint
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.resolve import split_horizon
from certbot_dns_preflight.run import precheck
from certbot_dns_preflight.settings import Settings
from tests.lab import Unbound
from tests.lab.laboratory import zone_text
from tests.lab.misbehaving import Authoritative, ChaosBeside, RecursiveLooking, Silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from certbot_dns_preflight.facts.finding import Finding
    from tests.lab import Lab

ANYBODY = IssuanceRequest(identities=("letsencrypt.org",))
PUBLIC = "@ A 192.0.2.80\nwww A 192.0.2.80\nlocal A 10.0.0.7\n_acme-challenge TXT x\n"


@pytest.fixture
def split_views(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[list[Finding], Verdict]]:
    """Look at a domain of split.test. with these resolvers as the host's own."""

    def look(domain: str, *resolvers: str) -> tuple[list[Finding], Verdict]:
        own = [Endpoint(address) for address in resolvers]
        monkeypatch.setattr(split_horizon, "own_resolvers", lambda: own)
        settings = Settings(root_hints=lab.root_hints, query_timeout=1)
        facts = asyncio.run(precheck.check([make_challenge(domain)], settings))
        outcome = facts.judged(settings, ANYBODY)
        findings = outcome.challenges[0].findings
        return [f for f in findings if f.code == "split-view"], outcome.verdict

    lab.zone("split.test.", [lab.bind, lab.nsd], records=PUBLIC)
    return look


@pytest.fixture
def internal(lab: Lab, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start a real resolver that knows some names of its own; give its address."""
    started: list[Unbound] = []

    def start(*data: str) -> str:
        made = Unbound(lab.addresses(), directory=tmp_path, root_hints=lab.root_hints)
        made.extra_configuration = "\n".join(
            [
                "server:",
                '  local-zone: "split.test." typetransparent',
                *(f'  local-data: "{line}"' for line in data),
            ]
        )
        made.start()
        started.append(made)
        made.wait_ready()
        return made.address4

    yield start
    for made in started:
        made.kill()


def test_internal_addresses_of_a_public_name_are_another_view(
    split_views: Callable[..., tuple[list[Finding], Verdict]], internal: Callable[..., str]
) -> None:
    resolver = internal("www.split.test. A 10.1.2.3", "www.split.test. AAAA fd12:3456::1")
    (found,), verdict = split_views("www.split.test", resolver)
    assert verdict is Verdict.READY
    assert found.severity.value == "warning"
    assert found.summary == (
        f"this host's resolver {resolver} shows different addresses of www.split.test than the "
        "public DNS."
    )
    assert found.evidence["what"] == "addresses"
    assert found.evidence["local"] == ["10.1.2.3", "fd12:3456::1"]
    assert found.evidence["public"] == ["192.0.2.80"]
    assert split_views("split.test", resolver) == ([], Verdict.READY)


@pytest.mark.parametrize(
    "data",
    [
        "www.split.test. A 192.0.2.99",  # another site of a network, or yesterday's address
        "www.split.test. A 127.0.1.1",  # the host itself
        "other.split.test. A 10.1.2.3",
        "www.split.test. TXT x",
    ],
)
def test_what_caches_and_regions_explain_is_no_other_view(
    split_views: Callable[..., tuple[list[Finding], Verdict]],
    internal: Callable[..., str],
    data: str,
) -> None:
    assert split_views("www.split.test", internal(data)) == ([], Verdict.READY)


def test_a_public_name_with_an_internal_address_is_as_it_is_everywhere(
    split_views: Callable[..., tuple[list[Finding], Verdict]], lab: Lab
) -> None:
    assert split_views("local.split.test", lab.unbound.address4) == ([], Verdict.READY)


def test_another_primary_behind_the_same_name_servers_is_another_view(
    split_views: Callable[..., tuple[list[Finding], Verdict]], lab: Lab
) -> None:
    text = zone_text("split.test.", [lab.bind, lab.nsd], "@ A 192.0.2.80")
    inside = text.replace(f"@ SOA {lab.bind.host}", "@ SOA dc1.corp.test.")
    for served, told in ((text, []), (inside, ["dc1.corp.test."])):
        with RecursiveLooking(lab.addresses(), {"split.test.": served}) as resolver:
            found, _ = split_views("split.test", resolver.addresses[0])
        assert [f.evidence["local"] for f in found] == ([told] if told else [])
    assert "a different primary name server for split.test" in found[0].summary


def test_internal_addresses_of_the_name_servers_are_another_view(
    split_views: Callable[..., tuple[list[Finding], Verdict]], lab: Lab
) -> None:
    host, (address, _) = "four.dns.test.", lab.addresses()
    lab.name_addresses(host, (address,))
    text = zone_text("views.test.", [host])
    lab.delegate("views.test.", [host])
    names = zone_text("dns.test.", [lab.bind], f"{host} A 192.168.7.7")
    zones = {"views.test.": text, "dns.test.": names}
    public = Authoritative((address,), {"views.test.": text})
    try:
        with public, RecursiveLooking(lab.addresses(), zones) as resolver:
            (found,), _ = split_views("views.test", resolver.addresses[0])
    finally:
        lab.undelegate("views.test.")
    assert found.evidence["what"] == "name-server-addresses"
    assert (found.evidence["name"], found.evidence["public"]) == (host, [address])


def test_resolvers_that_keep_silent_hold_nothing_up(
    split_views: Callable[..., tuple[list[Finding], Verdict]], lab: Lab
) -> None:
    with Silent(lab.addresses(), {}) as one, Silent(lab.addresses(), {}) as other:
        assert split_views("www.split.test", one.addresses[0], other.addresses[0]) == (
            [],
            Verdict.READY,
        )
        for silent in (one, other):
            assert silent.asked
            questions = {q.wire: (q.name, q.kind) for q in silent.asked}  # lost ones are sent again
            assert set(Counter(questions.values()).values()) == {1}


class ForeignResolver(RecursiveLooking, ChaosBeside):
    """Answers as a resolver does, with records of other classes beside."""


def test_records_of_other_classes_from_the_hosts_resolver_are_nothing_to_it(
    split_views: Callable[..., tuple[list[Finding], Verdict]], lab: Lab
) -> None:
    zones = {"split.test.": zone_text("split.test.", [lab.bind, lab.nsd], PUBLIC)}
    with ForeignResolver(lab.addresses(), zones) as resolver:
        assert split_views("www.split.test", resolver.addresses[0]) == ([], Verdict.READY)
    assert resolver.asked
