"""Who and what is meant by questions that fail only as a CA's resolver asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.observations import within_reach
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.registry import is_top_level
from certbot_dns_preflight.settings import UnreachablePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Json
    from certbot_dns_preflight.facts.query_fault import QueryFault


def hosts(some: Sequence[QueryFault]) -> tuple[dns.name.Name, ...]:
    """List the name servers, each once."""
    names = (fault.place.nameserver for fault in some)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def who(some: Sequence[QueryFault]) -> str:
    """Name the servers; with the address where it is only one."""
    names = hosts(some)
    address = only_address(some)
    if len(names) == 1 and address is not None:
        return f"{phrases.host(names[0])} at {address}"
    return phrases.listed(map(phrases.host, names))


def question(fault: QueryFault) -> str:
    """Name a question: "example.com. DNSKEY"."""
    return f"{phrases.owner(fault.owner)} {fault.rdtype.name}"


def only_host(some: Sequence[QueryFault]) -> dns.name.Name | None:
    """Give the name server, if it is one alone."""
    names = hosts(some)
    return names[0] if len(names) == 1 else None


def only_address(some: Sequence[QueryFault]) -> str | None:
    """Give the address, if it is one alone."""
    addresses = {fault.place.endpoint.address for fault in some}
    return addresses.pop() if len(addresses) == 1 else None


def place(fault: QueryFault) -> dict[str, Json]:
    """Give the address of a fault as evidence."""
    name, endpoint = fault.place.nameserver, fault.place.endpoint
    return {
        "nameserver": show_name(name) if name is not None else None,
        "address": endpoint.address,
        "port": endpoint.port,
    }


def is_registrys(fault: QueryFault) -> bool:
    """Whether it is a server of the root or of a top-level domain, which no user runs."""
    return is_top_level(fault.zone)


def severity(some: Sequence[QueryFault], context: Context) -> Severity:
    """Excuse a server's fault only while another one of the delegation is known to answer."""
    reached = {o.nameserver for o in within_reach(context.final)} if context.final else set()
    excused = context.unreachable is UnreachablePolicy.WARN and any(
        observation.nameserver in reached.difference(hosts(some))
        for observation in context.usable
        if observation.zone == some[0].zone
    )
    return Severity.WARNING if excused else Severity.ERROR
