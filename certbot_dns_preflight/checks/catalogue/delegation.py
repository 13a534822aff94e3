"""Catalogue: the way down from the root: the domain, its delegation, glue."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "no-such-domain",
        Severity.ERROR,
        "The parent zone says that the domain does not exist.",
        "RFC 8020",
        "On the way down from the root, an authoritative server answered NXDOMAIN for "
        "the domain or one of its ancestors.",
        "No resolver can get below a name that does not exist.",
        (
            "dig +trace DOMAIN NS",
            "whois DOMAIN",
        ),
        (
            Remedy(
                "a misspelt name",
                "Correct it in the certificate request.",
            ),
            Remedy(
                "the registration has lapsed, or is on hold",
                "Renew it, or ask the registrar why (status clientHold, serverHold).",
            ),
            Remedy(
                "no name servers are set",
                "Set them at the registrar.",
            ),
            Remedy(
                "an internal name",
                "Give a resolver that knows it (--dns-preflight-resolver); a public CA "
                "cannot validate it.",
            ),
        ),
    ),
    Entry(
        "nameserver-without-address",
        Severity.ERROR,
        "A name in the NS set resolves to no address.",
        "RFC 2181 section 10.3",
        "The NS record points at a host name with neither A nor AAAA records, or at an "
        "alias, or into a zone that cannot be reached.",
        "Resolvers lose time on it and have fewer servers to fall back on; with no "
        "other server the zone is dead.",
        (
            "dig +norec @ADDRESS ZONE NS",
            "dig NAMESERVER A",
            "dig NAMESERVER AAAA",
        ),
        (
            Remedy(
                "the host was renamed or removed",
                "Replace it in the zone's NS records and at the registrar.",
            ),
            Remedy(
                "glue is missing",
                "If the name server lies in the zone it serves, register its addresses "
                "(host records) at the registrar.",
            ),
            Remedy(
                "the NS name is a CNAME",
                "Point the NS record at a name that has addresses itself.",
            ),
        ),
        note="A warning with unreachable=warn, while another name server of the zone answers.",
    ),
    Entry(
        "delegation-mismatch",
        Severity.WARNING,
        "The parent's NS set and the zone's own differ.",
        "RFC 1034 section 4.2.2",
        "Some name servers are listed only in the delegation, others only at the "
        "zone's apex. This tool asks all of them.",
        "It does not refuse for this, but a resolver may ask any of them: each one "
        "listed must have the record.",
        (
            "dig +norec @PARENT-ADDRESS ZONE NS",
            "dig +norec @ADDRESS ZONE NS",
        ),
        (
            Remedy(
                "a change of provider is under way",
                "Finish it: same set at the registrar and in the zone.",
            ),
            Remedy(
                "the zone was copied with its old NS records",
                "Correct the NS records in the zone.",
            ),
        ),
    ),
    Entry(
        "glue-mismatch",
        Severity.WARNING,
        "The glue that the parent gives differs from the name server's own addresses.",
        "RFC 1034 section 4.2.2",
        "The registry hands out addresses for a name server that its own zone does not "
        "confirm, or leaves some out.",
        "A resolver that starts from the glue may reach a machine that no longer serves the zone.",
        (
            "dig +norec @PARENT-ADDRESS ZONE NS",
            "dig NAMESERVER A",
            "dig NAMESERVER AAAA",
        ),
        (
            Remedy(
                "the server moved",
                "Change the host record at the registrar, not only the zone.",
            ),
        ),
    ),
)
