"""How long the asking part waits for what, in seconds: plain figures, for tests to change.

`query-timeout` is the user's and comes from the settings. The clock is always the event loop's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTimings:
    """Pauses and patience, apart from `query-timeout`.

    `first_resend`: after which a datagram seems lost to an address that nothing is known of, and
    `least_resend` at least to any other.
    `after_icmp`: before a server is asked again that was just found to be down.
    `after_refusal`: before servers are asked again that all refuse a zone, as some do in a restart.
    `brief`: for an answer of an address that counts as silent.
    `stagger`: before the next address is tried beside one that has not answered.
    `grace`: what the slow ones get, once anybody has answered.
    `address_lookup`: for name servers' addresses looked up again, in a complete round.
    `remarks`: for what is worth a remark at most, once what decides is known.
    `own_resolver`: for an answer of this host's resolver.
    `steady`: after which an address that flapped is forgiven, with enough rounds.
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
