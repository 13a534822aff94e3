"""Sets the waiting times of the query code in seconds: plain numbers that tests can change.

`query-timeout` is the user's and comes from the settings. The clock is always the event loop's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTimings:
    """Pauses and patience, except `query-timeout`.

    `first_resend`: until a datagram to an address without history seems lost.
    `least_resend`: the minimum of that time for any other address.
    `after_icmp`: before retrying a server that was just found to be down.
    `after_refusal`: before retrying servers that all refuse a zone, as some do while restarting.
    `brief`: for an answer from an address that counts as silent.
    `stagger`: before the next address is also tried when one has not answered.
    `grace`: what the slow ones get after the first answer.
    `address_lookup`: for repeated lookups of name servers' addresses, in a complete round.
    `remarks`: for what at most deserves a remark, once the deciding facts are known.
    `own_resolver`: for an answer from this host's resolver.
    `steady`: until an address that flapped is forgiven, with enough rounds.
    """

    first_resend: float = 0.4
    least_resend: float = 0.2
    after_icmp: float = 0.2
    after_refusal: float = 2.0
    brief: float = 1.0
    stagger: float = 0.3
    grace: float = 1.0
    address_lookup: float = 1.0
    remarks: float = 2.0
    own_resolver: float = 1.0
    steady: float = 15.0


USUAL = QueryTimings()
