"""The turns of phrase that findings share: servers, answers, serials, values.

Everything that came from the network goes through here escaped and bounded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar, assert_never

from certbot_dns_preflight.escaping import presentation, printable, show_name
from certbot_dns_preflight.facts import answers
from certbot_dns_preflight.facts.registry import is_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import dns.name

    from certbot_dns_preflight.facts.answers import Alias, Endpoint, Reading
    from certbot_dns_preflight.facts.survey import Observation

T = TypeVar("T")

PRIVATE_CA = (
    "If its certificate is of a private CA, set SSL_CERT_FILE to a file with that CA's certificate"
)
REGISTRY_REMEDY = "The registry's servers fail; nothing to fix on your side. Try again later"
REPLY = "the reply "  # so begins what is said of one that cannot be used
_LONGEST_VALUE = 60  # columns: with its label, a line of 80 holds it
_LONGEST_NAME = 120
_LONGEST_ODD_NAME = 40
_LONGEST_DETAIL = 160
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._*/-]+")
_MOST_ITEMS = 4
_MOST_WORDED = 64
_PAIR = 2


def bounded(text: str, limit: int = _LONGEST_DETAIL) -> str:
    """Shorten a text, and say how much is left out; control characters are escaped."""
    text = printable(text)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}... ({len(text) - limit} more characters)"


def quoted(text: str, limit: int = _LONGEST_DETAIL) -> str:
    """Quote a text, shortened like `bounded`; how much is left out stands outside of the quotes."""
    text = printable(text)
    if len(text) <= limit:
        return f'"{text}"'
    return f'"{text[:limit]}..." ({len(text) - limit} more characters)'


def value(data: bytes) -> str:
    """Quote a TXT value, escaped; of a long one, the beginning and the number of other bytes."""
    shown, width = 0, 0
    for byte in data:
        width += len(presentation(bytes([byte])))
        if width > _LONGEST_VALUE:
            break
        shown += 1
    rest = len(data) - shown
    text = presentation(data[:shown])
    return f'"{text}..." ({rest} more bytes)' if rest else f'"{text}"'


def host(name: dns.name.Name) -> str:
    """Write a host or domain as sentences do, without its final dot; an odd one in quotes."""
    text = show_name(name)
    text = text[:-1] if len(text) > 1 and text.endswith(".") else text
    if _PLAIN_NAME.fullmatch(text):
        return bounded(text, _LONGEST_NAME)
    return quoted(text, _LONGEST_ODD_NAME)


def owner(name: dns.name.Name) -> str:
    """Write an owner name or zone as sentences do: without its final dot, the root by name."""
    return "the root" if len(name) == 1 else host(name)


def servers_of(zone: dns.name.Name) -> str:
    """Name a zone's name servers, as the beginning of a sentence."""
    return "The root servers" if len(zone) == 1 else f"The name servers of {host(zone)}"


def record(name: dns.name.Name, rdata: str) -> str:
    """Write a record as zone files do, to be copied: the owner name with its final dot."""
    return f"{show_name(name)} {rdata}"


def txt_record(name: dns.name.Name, data: bytes) -> str:
    """Write the TXT record to publish, in full, as zone files do."""
    quoted = presentation(data).replace('"', '\\"')
    return record(name, f'TXT "{quoted}"')


def option(name: str) -> str:
    """Name an option as the command takes it; `report` writes it as the surface in use does."""
    return f"--{name}"


def delegating(parent: dns.name.Name | None) -> str:
    """Name who delegates a zone, as the subject of a sentence."""
    return "the registry" if parent is None or is_registry(parent) else f"the zone {host(parent)}"


def in_delegation(parent: dns.name.Name | None, zone: dns.name.Name) -> str:
    """Say where the delegation of a zone is changed, to go on after "add" or "remove"."""
    if parent is None or is_registry(parent):
        return "the name servers at your registrar"
    return f"the NS records for {owner(zone)} in the zone {host(parent)}"


def listed(items: Iterable[str], most: int = _MOST_ITEMS) -> str:
    """Write "a", "a and b", "a, b and c", "a, b, c and 7 more"."""
    unique = list(dict.fromkeys(items))
    if len(unique) > most + 1:
        unique = [*unique[:most], f"{len(unique) - most} more"]
    return " and ".join([", ".join(unique[:-1]), unique[-1]] if len(unique) > 1 else unique)


def listed_of(items: Sequence[T], word: Callable[[T], str], most: int = _MOST_ITEMS) -> str:
    """Write items as `listed` does, with `word` for each that may be shown.

    Each item beyond counts as one more, even if its words were the same.
    """
    shown = dict.fromkeys(map(word, items[:_MOST_WORDED]))
    return listed([*shown, *map(str, range(len(items[_MOST_WORDED:])))], most)


def count(number: int, noun: str) -> str:
    """Write a figure with its noun: "1 address", "2 addresses"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}{'es' if noun.endswith('s') else 's'}"


def verb(number: int, singular: str, plural: str) -> str:
    """Choose the verb's form."""
    return singular if number == 1 else plural


def everyone(servers: int) -> str:
    """Name all name servers of a zone: "all 3 name servers", "the only name server"."""
    if servers == 1:
        return "the only name server"
    return f"{'both' if servers == _PAIR else f'all {servers}'} name servers"


def all_of_them(servers: int) -> str:
    """Begin a sentence about what some servers serve: "All 3 name servers serve"."""
    return "The name server serves" if servers == 1 else f"{everyone(servers).capitalize()} serve"


def nobody(servers: int) -> str:
    """Begin a sentence that denies it for all name servers of a zone: "neither name server"."""
    if servers == 1:
        return "the only name server does not"
    return "neither name server" if servers == _PAIR else f"none of the {servers} name servers"


def subjects(some: Sequence[Observation], among: Sequence[Observation]) -> tuple[str, ...]:
    """Name the servers of some addresses, with the addresses if a server has others too."""
    addresses: dict[dns.name.Name, list[str]] = {}
    for observation in some:
        addresses.setdefault(observation.nameserver, []).append(observation.endpoint.address)
    whole = {
        name
        for name in addresses
        if all(observation in some for observation in among if observation.nameserver == name)
    }
    return tuple(
        host(name) if name in whole else f"{host(name)} at {listed(where)}"
        for name, where in addresses.items()
    )


def serials(observations: Iterable[Observation]) -> str:
    """Write the known serials: "serial 41", "serials 41 and 42", or nothing."""
    known = sorted(
        {observation.serial for observation in observations if observation.serial is not None}
    )
    if not known:
        return ""
    return f"{verb(len(known), 'serial', 'serials')} {listed(str(serial) for serial in known)}"


def distinct_answers(observations: Iterable[Observation]) -> str:
    """Write what some addresses answer, each answer once."""
    return listed(answer(observation.reading) for observation in observations)


def alias(reading: Alias) -> str:
    """Name an alias's record: "a CNAME to x.example"."""
    kind = "a CNAME to" if reading.dname is None else "a DNAME that maps to"
    return f"{kind} {owner(reading.target)}"


def resolver(endpoint: Endpoint) -> str:
    """Name a recursive resolver as options take it: its address, or its URL."""
    return bounded(endpoint.spelling)


def ways_out(resolvers: Sequence[Endpoint]) -> str:
    """Name the options that help where name servers cannot be asked; some resolvers are known."""
    flags = f"use {option('ask')} resolvers {option('resolver')}"
    if resolvers:
        return f"{flags} {resolver(resolvers[0])}, which answers this host"
    return f"{flags} https://HOST/PATH, a DNS over HTTPS service that this host may reach"


def answer(reading: Reading) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of reading
    """Write one reading as the object of "answers"."""
    match reading:
        case answers.Values(texts=texts) if len(set(texts)) == 1:
            return f"with TXT {value(texts[0])}"
        case answers.Values(texts=texts):
            return f"with {count(len(set(texts)), 'TXT value')}"
        case answers.Alias():
            return f"with {alias(reading)}"
        case answers.Absent(nxdomain=True, beside=beside) if beside:
            return "NXDOMAIN (with a TXT record, which resolvers ignore)"
        case answers.Absent(nxdomain=True):
            return "NXDOMAIN"
        case answers.Absent():
            return "that there is no TXT record"
        case answers.Referral(cut=cut):
            return f"with a referral to {owner(cut)}"
        case answers.Refused():
            return "REFUSED"
        case answers.Failing(rcode=rcode):
            return bounded(rcode)
        case answers.NotAuthoritative():
            return "without the AA flag"
        case answers.Malformed(detail=detail) if detail.startswith(REPLY):
            return f"with a reply that {bounded(detail.removeprefix(REPLY))}"
        case answers.Malformed(detail=detail):
            return f"with a malformed reply ({bounded(detail)})"
        case answers.Unreachable(reason=reason):
            return f"nothing ({reason.value})"
        case answers.NotAsked(reason=reason):
            return f"nothing (not queried: {bounded(reason)})"
        case _ as never:
            assert_never(never)
