"""Owner names and TXT values: the basic types of a DNS-01 challenge. No I/O, no judgement.

Names are `dns.name.Name`, always absolute. A TXT value is the bytes of its character-strings
concatenated, which is what a certificate authority compares (RFC 8555 §8.4).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.name

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CHALLENGE_LABEL = b"_acme-challenge"
WILDCARD = "*."
# What a certificate can hold (RFC 5280 §4.2.1.6); an underscore is for CAs that are not public.
_LABEL = re.compile(rb"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_TAKEN = "use names such as example.com and *.example.com"


class InvalidDomainError(PreflightError, ValueError):
    """A text that is not a domain name; the message is one line, safe to display."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What must be visible: every value of `expected`, in the TXT RRset at `owner`.

    `domain` is the certificate name without ``*.``, in lower-case A-labels and without a trailing
    dot. `names` are the certificate names that share this challenge name: the domain, its wildcard,
    or both. `expected` preserves the given order and has no duplicates.
    """

    domain: str
    owner: dns.name.Name
    expected: tuple[bytes, ...]
    names: tuple[str, ...] = ()

    @property
    def wildcard(self) -> tuple[bool, ...]:
        """False if the certificate has the domain itself, True if it has the wildcard."""
        return tuple(sorted({name.startswith(WILDCARD) for name in self.names}))


def make_challenge(
    domain: str, expected: Iterable[bytes] = (), *, names: Iterable[str] = ()
) -> Challenge:
    """Return the challenge for a certificate name; ``*.`` and a trailing dot are accepted.

    `names` are the certificate names it covers, if these are more than `domain` as given.

    Raises `InvalidDomainError` for anything that cannot appear in a certificate.
    """
    name = domain_name(domain)
    try:
        owner = dns.name.Name((CHALLENGE_LABEL, *name.labels))
    except dns.exception.DNSException as error:
        message = f"{printable(domain)!r} is too long: _acme-challenge does not fit before it"
        raise InvalidDomainError(message) from error
    plain = name.to_text(omit_final_dot=True)
    given = f"{WILDCARD}{plain}" if domain.strip().startswith(WILDCARD) else plain
    return Challenge(
        plain, owner, tuple(dict.fromkeys(expected)), tuple(dict.fromkeys(names)) or (given,)
    )


def domain_name(domain: str) -> dns.name.Name:
    """Parse a certificate name: lower case, IDNA 2008, without a leading ``*.``.

    Raises `InvalidDomainError` for IP addresses, URLs and anything else that is not a host name.
    """
    text = domain.strip().removeprefix(WILDCARD)
    if _is_address(text):
        message = (
            f"{printable(domain)!r} is an IP address: dns-01 cannot prove control of one "
            f"(RFC 8738); {_TAKEN}"
        )
        raise InvalidDomainError(message)
    try:
        name = dns.name.from_text(text, idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, UnicodeError) as error:
        message = f"{printable(domain)!r} is not a domain name: {printable(str(error))}"
        raise InvalidDomainError(message) from error
    labels = tuple(label.lower() for label in name.labels)
    if labels[0] == CHALLENGE_LABEL:
        message = f"{printable(domain)!r} is where a challenge's record goes{_meant(labels[1:])}"
        raise InvalidDomainError(message)
    if not _is_host(labels[:-1]) or "\\" in text:
        message = f"{printable(domain)!r} is not a valid certificate name; {_TAKEN}"
        raise InvalidDomainError(message)
    return dns.name.Name(labels)


def _meant(labels: tuple[bytes, ...]) -> str:
    if not _is_host(labels[:-1]):
        return f"; {_TAKEN}"
    plain = dns.name.Name(labels).to_text(omit_final_dot=True)
    return f", not a certificate's name; did you mean {plain}?"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removesuffix(".").removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _is_host(labels: Sequence[bytes]) -> bool:
    """Return whether labels, without the root, form a host name; no TLD is all digits."""
    return (
        bool(labels)
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
