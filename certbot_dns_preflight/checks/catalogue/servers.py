"""Catalogue: name servers that give no usable answer."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "nameserver-unreachable",
        Severity.ERROR,
        "No address of a name server answers.",
        "RFC 1035 section 7.2",
        "Every address of the name server was asked, twice and over UDP, and none gave "
        "a response; or this host has no route to any of them. The walk from the root "
        "stopping half-way for want of time is told with this code too.",
        "A resolver has to fall back on the others. That often works, but each "
        "perspective of the CA must get through in time.",
        (
            "dig +norec +tries=2 @ADDRESS ZONE SOA",
            "dig +norec +tcp @ADDRESS ZONE SOA",
            "ping ADDRESS",
        ),
        (
            Remedy(
                "the server is down",
                "Start it, and watch it.",
            ),
            Remedy(
                "a firewall drops port 53",
                "Allow UDP and TCP port 53 from everywhere.",
            ),
            Remedy(
                "it was decommissioned",
                "Remove it from the NS set, in the zone and at the registrar.",
            ),
            Remedy(
                "only this host cannot reach it",
                "Check from elsewhere; if it is known and harmless: unreachable=warn.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
    Entry(
        "address-unreachable",
        Severity.WARNING,
        "One address of a name server does not answer, another of it does.",
        "RFC 1035 section 7.2",
        "The name server is reachable, but not at this address; often IPv6.",
        "Resolvers lose time on it and go on to the next address.",
        ("dig +norec @ADDRESS ZONE SOA",),
        (
            Remedy(
                "the daemon does not listen there",
                "BIND: `listen-on-v6`; NSD: `ip-address`; Knot: `listen`; PowerDNS: "
                "`local-address`.",
            ),
            Remedy(
                "a firewall rule exists for IPv4 only",
                "Add the IPv6 one.",
            ),
            Remedy(
                "the address is old",
                "Remove it from the address records and from glue.",
            ),
        ),
    ),
    Entry(
        "nameserver-refuses",
        Severity.ERROR,
        "A name server answers REFUSED: it is not configured for the zone (lame).",
        "RFC 8499 section 7",
        "The server is listed for the zone but does not serve it, or does not serve it to us.",
        "Resolvers take it for lame and ask others; with none left: SERVFAIL.",
        (
            "dig +norec @ADDRESS ZONE SOA",
            "dig +norec @ADDRESS OWNER TXT",
        ),
        (
            Remedy(
                "the zone was never set up there, or was removed",
                "Add the zone, or take the server out of the NS set.",
            ),
            Remedy(
                "an access list or view excludes this host",
                "Allow queries from everywhere (`allow-query { any; };`).",
            ),
            Remedy(
                "the provider suspended the account",
                "Ask the provider.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
    Entry(
        "nameserver-failing",
        Severity.ERROR,
        "A name server answers SERVFAIL, FORMERR, NOTIMP or the like.",
        "RFC 1035 section 4.1.1",
        "The server knows of the zone but cannot answer for it.",
        "Resolvers ask others; with none left: SERVFAIL.",
        (
            "dig +norec @ADDRESS ZONE SOA",
            "dig +norec +noedns @ADDRESS ZONE SOA",
        ),
        (
            Remedy(
                "a zone file error",
                "Check and reload: `named-checkzone ZONE FILE`, `nsd-checkzone ZONE "
                "FILE`, `kzonecheck FILE`.",
            ),
            Remedy(
                "the secondary's copy has expired",
                "Mend the transfer from the primary; see its log.",
            ),
            Remedy(
                "the database behind it is down (PowerDNS)",
                "See its log and the backend.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
    Entry(
        "not-authoritative",
        Severity.ERROR,
        "A name server answers without the AA flag.",
        "RFC 1034 section 6.2.1",
        "What answers is a recursive resolver, or a server that refers elsewhere: it "
        "does not hold the zone.",
        "A resolver ignores such an answer as lame; a forwarding cache may also show "
        "something old.",
        (
            "dig +norec @ADDRESS OWNER TXT",
            "dig +norec @ADDRESS ZONE SOA",
        ),
        (
            Remedy(
                "a resolver or forwarder is listed as name server",
                "List an authoritative server in its place.",
            ),
            Remedy(
                "the zone is missing there and the server refers to the root",
                "Configure the zone, or remove the server.",
            ),
            Remedy(
                "a forgotten delegation inside the zone",
                "If only some servers refer to a child zone, bring their copies of the "
                "zone up to date.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
    Entry(
        "malformed-answer",
        Severity.ERROR,
        "What came back is no answer to what was asked.",
        "RFC 1035 section 4.1",
        "The message cannot be parsed, has another id or question, or an answer "
        "section about something else.",
        "Resolvers drop it and time out.",
        (
            "dig +norec +qr @ADDRESS OWNER TXT",
            "dig +norec +tcp @ADDRESS OWNER TXT",
        ),
        (
            Remedy(
                'a middlebox or DNS "protection" rewrites answers',
                "Take it out of the way of port 53.",
            ),
            Remedy(
                "something other than a name server listens there",
                "Correct the address records.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
)
