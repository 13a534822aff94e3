"""The value of a CAA issue or issuewild property: issuer domain name and parameters. Pure.

Follows the grammar of RFC 8659; `policy` decides what the parts mean for a CA.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANKS = b" \t"

# RFC 8659 section 4.2, with erratum 7139. No repetition is nested in another: linear time.
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rb"%b(?:\.%b)*" % (_LABEL, _LABEL))
_PARAMETER_TAG = re.compile(_LABEL)
_PARAMETER_VALUE = re.compile(rb"[\x21-\x3a\x3c-\x7e]*")
_PARAMETER = re.compile(rb"[ \t]*(%b)[ \t]*=[ \t]*(?:([\x21-\x3a\x3c-\x7e]+)[ \t]*)?" % _LABEL)
_WELL_FORMED = re.compile(rb"(?:%b;)*" % _PARAMETER.pattern)


@dataclass(frozen=True, slots=True)
class Value:
    """A parsed value; `issuer` is empty if nobody may issue."""

    issuer: bytes
    parameters: tuple[tuple[bytes, bytes], ...]

    def all_of(self, tag: bytes) -> list[bytes]:
        """Return the values of all parameters with a tag."""
        return [value for name, value in self.parameters if name == tag]


def parse(text: bytes) -> Value | str:
    """Parse a value; return a text with the error if it is malformed."""
    head, semicolon, tail = text.partition(b";")
    issuer = head.strip(_BLANKS)
    if issuer and not _DOMAIN.fullmatch(issuer):
        return "no issuer domain name"
    if not semicolon or not tail.strip(_BLANKS):
        return Value(issuer, ())
    # A set may hold two thousand values, of a hundred parameters each: one match for all of them.
    well_formed = _WELL_FORMED.match(tail)
    last = tail[well_formed.end() if well_formed else 0 :].partition(b";")[0]
    error = _error_in(last)
    return error or Value(issuer, tuple(_PARAMETER.findall(tail)))


def _error_in(parameter: bytes) -> str:
    """Say what is wrong with a parameter; empty if nothing is."""
    if not parameter.strip(_BLANKS):
        return "an empty parameter: a semicolon too many"
    tag, equals, value = (piece.strip(_BLANKS) for piece in parameter.partition(b"="))
    if not equals or not _PARAMETER_TAG.fullmatch(tag):
        return "a parameter that is not of the form tag=value"
    if not _PARAMETER_VALUE.fullmatch(value):
        return "a parameter value with a blank or another character that is not allowed"
    return ""
