"""Internationalized names as their owners write them, next to what the DNS holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.exception
import dns.name

from certbot_dns_preflight.challenge import domain_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.outcome import Outcome

_MOST_LISTED = 4


def spoken(domain: str) -> str | None:
    """Return a name in U-labels (IDNA 2008), or None if it has no form that can be shown."""
    if "xn--" not in domain:
        return None
    try:
        written = domain_name(domain).to_unicode(True, dns.name.IDNA_2008_Strict)  # noqa: FBT003
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None
    # A form that IDNA 2008 does not allow could be mistaken for another name.
    return written if written != domain and written.isprintable() else None


def spoken_names(outcome: Outcome) -> str | None:
    """Explain which A-labels in the report stand for which names."""
    return spoken_of(judged.survey.challenge.domain for judged in outcome.challenges)


def spoken_of(domains: Iterable[str]) -> str | None:
    """Explain which of these stand for which names, for the first few of them."""
    pairs = [(domain, name) for domain in dict.fromkeys(domains) if (name := spoken(domain))]
    return " ".join(f"{domain} is {name}." for domain, name in pairs[:_MOST_LISTED]) or None
