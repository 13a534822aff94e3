"""Logs a run's questions and answers: one line each, within limits.

Decides how much of an answer a line shows, and when a run has logged enough: certbot keeps the
debug log of every run, and an answer may hold 64 KiB. An environment variable (`WHOLE`) turns on
full logging.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.answers import Endpoint, NoResponse, Reply, Response

if TYPE_CHECKING:
    from collections.abc import Iterator


WHOLE = "DNS_PREFLIGHT_LOG_WHOLE"
"""The environment variable that takes the bounds away, if it is set to anything."""
LONGEST_LINE = 1000
"""Characters of one line, the logger's own prefix apart."""
MOST_CHARACTERS = 2**20
"""Characters of all lines of one run."""
_LONGEST_RECORD = 200


class ExchangeLog:
    """The log of one run's questions and answers."""

    def __init__(self, logger: logging.Logger) -> None:
        """Log to `logger` at level DEBUG."""
        self._logger = logger
        self._bounded = not os.environ.get(WHOLE)
        self._left = MOST_CHARACTERS

    def write(
        self,
        endpoint: Endpoint,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        reply: Reply,
    ) -> None:
        """Log one question, and the answer or the reason for none."""
        if not self._logger.isEnabledFor(logging.DEBUG) or (self._bounded and self._left <= 0):
            return
        line = f"{endpoint.address}#{endpoint.port} {name} {dns.rdatatype.to_text(rdtype)}: "
        match reply:
            case NoResponse(reason=reason, detail=detail, rtt=rtt):
                line += f"{reason.value}: {detail} ({rtt:.3f} s)"
            case Response(message=message, transport=transport, rtt=rtt):
                line += (
                    f"{dns.rcode.to_text(message.rcode())} {dns.flags.to_text(message.flags)} "
                    f"over {transport.value} ({rtt:.3f} s): {self._records(message)}"
                )
        line = printable(line)
        if self._bounded:
            line = _cut(line, LONGEST_LINE)
            self._left -= len(line)
        self._logger.debug("%s", line)
        if self._bounded and self._left <= 0:
            self._logger.debug(
                "%d characters of questions and answers are logged, which is all of one run; "
                "%s=1 in the environment logs everything",
                MOST_CHARACTERS,
                WHOLE,
            )

    def _records(self, message: dns.message.Message) -> str:
        """Format the records of an answer: as many as fit, and how many more there are."""
        rrsets = [*message.answer, *message.authority]
        shown: list[str] = []
        size = 0
        for text in _texts(rrsets, _LONGEST_RECORD if self._bounded else None):
            shown.append(text)
            size += len(text)
            if self._bounded and size >= LONGEST_LINE // 2:
                break
        more = sum(len(rrset) for rrset in rrsets) - len(shown)
        if more:
            shown.append(f"and {more} more")
        return "; ".join(shown) or "no records"


def _texts(rrsets: list[dns.rrset.RRset], longest: int | None) -> Iterator[str]:
    for rrset in rrsets:
        head = f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)}"
        for rdata in rrset:
            text = f"{head} {_text(rdata)}"
            yield text if longest is None else _cut(text, longest)


def _text(rdata: dns.rdata.Rdata) -> str:
    try:
        return rdata.to_text()
    except Exception as error:  # noqa: BLE001 - some of dnspython's fail, and a log must not
        return f"(no text for it: {type(error).__name__})"


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    end = f"… ({len(text)} characters)"
    return text[: longest - len(end)] + end
