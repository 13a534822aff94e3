"""Zones run by a registry: the root, top-level domains, and the usual public suffixes below them.

Certificate users neither run nor can fix them, and their many servers are identical and well
maintained. No public suffix list is used: suffixes with one more label are recognised by their
form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.name

_TOP_LEVEL = 2  # labels, including the root's empty one
_COUNTRY = 2  # letters of a country-code top-level domain
# Second-level labels that country registries sell names under, as in co.uk, com.br and or.jp.
_SECOND_LEVEL = frozenset(
    b"ac co com edu gob gouv gov govt go gv id info ltd me mil mod ne net nhs nic nom or org plc "
    b"sch school".split()
)


def is_top_level(apex: dns.name.Name) -> bool:
    """Return whether a zone is the root or a top-level domain."""
    return len(apex) <= _TOP_LEVEL


def registered_domain(name: dns.name.Name) -> dns.name.Name:
    """Return the domain right below a registry that a name lies in; a registry's name itself."""
    labels = name.labels
    count = _TOP_LEVEL + (2 if _is_second_level(labels[-_TOP_LEVEL - 1 :]) else 1)
    return name if len(labels) <= count else type(name)(labels[-count:])


def is_registry(apex: dns.name.Name) -> bool:
    """Return whether a zone is the root, a top-level domain, or one like co.uk."""
    return is_top_level(apex) or _is_second_level(apex.labels)


def _is_second_level(labels: tuple[bytes, ...]) -> bool:
    return (
        len(labels) == _TOP_LEVEL + 1
        and len(labels[1]) == _COUNTRY
        and labels[0].lower() in _SECOND_LEVEL
    )
