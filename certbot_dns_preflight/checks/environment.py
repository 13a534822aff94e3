"""What the surroundings of a record mean: the host's own view, and a domain without addresses.

Pure: reads `environment.DomainEnvironment`. CAA and DNSSEC have modules of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.finding import finding
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.environment import ViewOf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.facts.environment import DomainEnvironment, ResolverView
    from certbot_dns_preflight.facts.finding import Finding


def judge(challenge: Challenge, around: DomainEnvironment) -> Iterator[Finding]:
    """Tell of what is around the record, CAA and DNSSEC left to their own modules."""
    if around.resolver_view is not None:
        yield _split_view(around.resolver_view)
    # A wildcard alone is not a name that anybody connects to.
    if around.addressless and challenge.domain in challenge.names:
        yield finding(
            "domain-without-address",
            summary=f"{challenge.domain} itself has no address",
            cause=f"Its name servers have neither A nor AAAA records for {challenge.domain}",
            remedy="Nothing for the certificate; for its use, give the name an address",
            evidence={"domain": challenge.domain},
        )


def _split_view(view: ResolverView) -> Finding:
    resolver = view.resolver.address
    local, public = phrases.listed(view.local), phrases.listed(view.public)
    return finding(
        "split-view",
        summary=f"this host's resolver {resolver} shows {_other(view)} than the public DNS",
        cause=f"It says {local}; from the root on it is {public}",
        remedy="See that the record gets into the public zone: a CA sees only that one",
        evidence={
            "resolver": resolver,
            "zone": show_name(view.zone),
            "what": view.what.value,
            "name": show_name(view.name),
            "local": list(view.local),
            "public": list(view.public),
        },
    )


def _other(view: ResolverView) -> str:
    name = phrases.host(view.name)
    match view.what:
        case ViewOf.NAME_SERVERS:
            return f"other name servers for {name}"
        case ViewOf.PRIMARY:
            return f"another primary name server for {name}"
        case ViewOf.SERVER_ADDRESSES:
            return f"other addresses of the name server {name}"
        case ViewOf.ADDRESSES:
            return f"other addresses of {name}"
        case _ as never:
            assert_never(never)
