"""The known ways in which a value gets changed, and how to recognise each. Pure.

Decides whether one value is a mangling of another. Which values are compared is for
`txt_difference` to say.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import re
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.edit_distance import edit_distance

if TYPE_CHECKING:
    from collections.abc import Callable

_MUCH_LONGER = 8
_LONGEST_AUTHORIZATION = 1024
_TYPO_DISTANCE = 2
_TYPO_LENGTH = 8
_SENSIBLE_PREFIX = 8
_BLANKS = re.compile(rb"[\s\x00]|\xc2\xa0|\xe2\x80[\x8b\xaf]|\xef\xbb\xbf")
_QUOTES = re.compile(rb"\\?[\"'`]|\xe2\x80[\x98-\x9f]|\xc2[\xab\xbb]")
KEY_AUTHORIZATION = re.compile(rb"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{43}")
_HOSTNAME = re.compile(
    rb"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]+\.?"
)
LONGEST_HOSTNAME = 254


class Kind(enum.StrEnum):
    """A known way to get a value wrong, as docs/reference/findings.md lists them. Public."""

    KEY_AUTHORIZATION = "key-authorization"
    WHITESPACE = "whitespace"
    QUOTED = "quoted"
    CASE = "case"
    TRUNCATED = "truncated"
    TYPO = "typo"
    HOSTNAME = "hostname"


def kind_of(served: bytes, expected: bytes, *, typos: bool = True) -> Kind | None:
    """Name the mangling that turns `expected` into `served`, if it is a known one.

    The order goes from certain to likely: a cut-off last character is truncation, not a typo;
    a hostname says nothing about the expected value and comes last. Without `typos` the costly one
    is left out.
    """
    if served == expected:
        return None
    if len(served) > _MUCH_LONGER * (len(expected) + 64):
        return None  # no known mangling adds that much, and reading it all takes its time
    return next(
        (
            kind
            for kind, applies in _KINDS
            if (typos or kind is not Kind.TYPO) and applies(served, expected)
        ),
        None,
    )


def digest_of(served: bytes) -> bytes | None:
    """Give what belongs in the place of a key authorization (RFC 8555 section 8.4)."""
    if len(served) > _LONGEST_AUTHORIZATION:
        return None
    text = _QUOTES.sub(b"", _BLANKS.sub(b"", served))
    if not KEY_AUTHORIZATION.fullmatch(text):
        return None
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=")


def _is_key_authorization_of(served: bytes, expected: bytes) -> bool:
    return digest_of(served) == expected


def _is_blanked(served: bytes, expected: bytes) -> bool:
    return _BLANKS.sub(b"", served) == _BLANKS.sub(b"", expected)


def _is_quoted(served: bytes, expected: bytes) -> bool:
    bare, wanted = _BLANKS.sub(b"", served), _BLANKS.sub(b"", expected)
    return _QUOTES.sub(b"", bare) == _QUOTES.sub(b"", wanted)


def _is_recased(served: bytes, expected: bytes) -> bool:
    return served.lower() == expected.lower()


def _is_truncated(served: bytes, expected: bytes) -> bool:
    sensible = len(served) >= _SENSIBLE_PREFIX or 2 * len(served) > len(expected)
    return (
        0 < len(served) < len(expected)
        and sensible
        and (expected.startswith(served) or expected.endswith(served))
    )


def may_be_typo(served: bytes, expected: bytes) -> bool:
    """Whether, by their lengths, one value may be the other with a typo."""
    return len(expected) >= _TYPO_LENGTH and abs(len(served) - len(expected)) <= _TYPO_DISTANCE


def _is_typo(served: bytes, expected: bytes) -> bool:
    if not may_be_typo(served, expected):
        return False
    distance = edit_distance(served, expected)
    return distance is not None and distance <= _TYPO_DISTANCE


def _is_hostname(served: bytes, _expected: bytes) -> bool:
    text = served.strip()
    return (
        len(text) <= LONGEST_HOSTNAME
        and _HOSTNAME.fullmatch(text) is not None
        and KEY_AUTHORIZATION.fullmatch(text) is None
    )


_KINDS: tuple[tuple[Kind, Callable[[bytes, bytes], bool]], ...] = (
    (Kind.KEY_AUTHORIZATION, _is_key_authorization_of),
    (Kind.WHITESPACE, _is_blanked),
    (Kind.QUOTED, _is_quoted),
    (Kind.CASE, _is_recased),
    (Kind.TRUNCATED, _is_truncated),
    (Kind.TYPO, _is_typo),
    (Kind.HOSTNAME, _is_hostname),
)
