"""Catalogue: how answers travel: TCP, EDNS, letter case, rate limits."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "tcp-unavailable",
        Severity.WARNING,
        "TCP port 53 does not answer.",
        "RFC 7766 section 5",
        "DNS needs TCP for answers that do not fit a UDP packet, and name servers must offer it.",
        "If the TXT RRset is too large for UDP, the resolver is left with a cut answer: SERVFAIL.",
        (
            "dig +norec +tcp @ADDRESS OWNER TXT",
            "dig +norec +ignore +bufsize=1232 @ADDRESS OWNER TXT",
        ),
        (
            Remedy(
                "a firewall lets UDP through only",
                "Open TCP port 53.",
            ),
            Remedy(
                "many stale TXT values swell the answer",
                "Remove them.",
            ),
        ),
        note="An error where an answer was truncated and cannot be had over TCP (with "
        "unreachable=warn: a warning, while another name server answers).",
    ),
    Entry(
        "edns-broken",
        Severity.WARNING,
        "The server answers only without EDNS.",
        "RFC 6891 section 7",
        "A query with an OPT record gets no answer or FORMERR, the same query without "
        "it a proper one.",
        "Resolvers retry without EDNS, which costs time, and DNSSEC does not work without it.",
        (
            "dig +norec +edns=0 @ADDRESS ZONE SOA",
            "dig +norec +noedns @ADDRESS ZONE SOA",
        ),
        (
            Remedy(
                "a firewall drops packets with EDNS or over 512 bytes",
                "Update or reconfigure it.",
            ),
            Remedy(
                "old server software",
                "Update it.",
            ),
        ),
    ),
    Entry(
        "case-not-preserved",
        Severity.WARNING,
        "The question comes back in another letter case than it was sent.",
        "RFC 1035 section 2.3.3",
        "Resolvers mix the letter case of the question (0x20) and expect it back as "
        "sent, as a guard against forgery.",
        "Let's Encrypt's resolvers use 0x20: they drop such answers, or ask again another way.",
        ("dig +norec @ADDRESS oWnEr.eXaMpLe TXT",),
        (
            Remedy(
                "a load balancer or old server lower-cases names",
                "Update it.",
            ),
        ),
    ),
    Entry(
        "negative-answer-without-soa",
        Severity.WARNING,
        "A negative answer lacks the SOA record.",
        "RFC 2308 section 3",
        "Without it a resolver does not know for how long it may keep the denial.",
        "It does not refuse for this, but an early negative answer may be kept longer "
        "than expected.",
        ("dig +norec @ADDRESS no-such-name-here.ZONE TXT",),
        (
            Remedy(
                "a home-made or very old server",
                "Update it so that it adds the SOA to the authority section.",
            ),
        ),
    ),
    Entry(
        "rate-limited",
        Severity.WARNING,
        "Response rate limiting is at work.",
        "RFC 5358 section 4",
        "The server alternates between empty truncated answers and silence, as RRL "
        "does beyond a certain rate per source network.",
        "The CA asks from several networks and seldom meets it; a check that asks too often does.",
        ("dig +norec +tcp @ADDRESS OWNER TXT",),
        (
            Remedy(
                "many checks run from one network",
                "Raise the interval, or check fewer names at once.",
            ),
            Remedy(
                "the limit is too tight",
                "Raise it (BIND: `rate-limit`; NSD: `rrl-ratelimit`; Knot: mod-rrl), "
                "or exempt this host.",
            ),
        ),
    ),
)
