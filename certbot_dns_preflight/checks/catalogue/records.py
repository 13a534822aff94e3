"""Catalogue: what can be wrong with the TXT record itself, and with who serves it."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "record-not-published",
        Severity.ERROR,
        "No name server has a TXT record at the owner name.",
        "RFC 8555 section 8.4",
        "Every name server of the zone gave an authoritative negative answer: the name does not "
        "exist, or exists without TXT. As the zone's serial is the same everywhere, this is no "
        "transfer that is still under way.",
        "The CA's resolver gets the same negative answer and reports NXDOMAIN or that no TXT "
        "record was found. The authorization is spent at once.",
        (
            "dig +norec @ADDRESS OWNER TXT",
            "dig +norec @ADDRESS ZONE SOA",
            "dig +trace ZONE NS",
        ),
        (
            Remedy(
                "nothing was written",
                "Read the log of the authenticator or hook that makes the record; "
                "see that its credentials may write to this zone.",
            ),
            Remedy(
                "it was written to another account, provider or view",
                "Compare the name servers that the provider's panel shows for the zone with "
                "those in the report: only the latter count.",
            ),
            Remedy(
                "it was saved but the zone was not loaded",
                "Raise the serial and reload the zone on the primary (`rndc reload ZONE`, "
                "`knotc zone-reload ZONE`, `pdns_control reload`), and read its log.",
            ),
            Remedy(
                "the zone file has the record below a zone cut",
                "If the report names a child zone, make the record there: data below "
                "a delegation is never served by the parent.",
            ),
        ),
    ),
    Entry(
        "secondary-behind",
        Severity.ERROR,
        "Some name servers have the record; others still serve an older zone.",
        "RFC 1996",
        "The name servers that lack the record have a lower SOA serial than those that show "
        "it (compared as RFC 1982 says), or none that could be read: they have not yet taken over "
        "the change.",
        "The CA's resolver picks a name server by itself, and picks differently from each network "
        "perspective. One that lags answers with authority, so the resolver does not "
        "try another.",
        (
            "dig +norec +nsid @ADDRESS ZONE SOA",
            "dig +norec @ADDRESS OWNER TXT",
            "dig +nssearch ZONE",
        ),
        (
            Remedy(
                "NOTIFY does not arrive",
                "On the primary, list the secondary for NOTIFY (`also-notify`, `notify`); on the "
                "secondary, allow it from the primary's address (`allow-notify`, `acl`).",
            ),
            Remedy(
                "the transfer is refused or fails",
                "Try `dig @PRIMARY ZONE AXFR` from the secondary, with its TSIG key; see that TCP "
                "port 53 is open between the two and that their clocks agree.",
            ),
            Remedy(
                "the secondary only polls",
                "Wait for the SOA refresh time or lower it, or raise the "
                "timeout (--dns-preflight-timeout) above it.",
            ),
            Remedy(
                "the provider is slow to publish",
                "Raise the timeout: nothing is lost by waiting, the check ends once all agree.",
            ),
        ),
    ),
    Entry(
        "servers-disagree",
        Severity.ERROR,
        "Name servers give different answers, and nothing more exact explains it.",
        "RFC 1034 section 4.3.5",
        "Authoritative answers differ though the serials do not say which is older: they are "
        "equal, or the servers without the record have the newer zone. Waiting for a zone transfer "
        "does not mend that.",
        "Which answer the CA gets is chance; its network perspectives have to agree.",
        (
            "dig +norec @ADDRESS OWNER TXT",
            "dig +norec @ADDRESS ZONE SOA",
            "dig +norec +nsid @ADDRESS ZONE SOA",
        ),
        (
            Remedy(
                "the zone was changed without a new serial",
                "Raise the serial on the primary and reload; if a secondary still keeps its "
                "copy, transfer the zone anew (`rndc retransfer ZONE`, "
                "`knotc zone-retransfer ZONE`, `pdns_control retrieve ZONE`).",
            ),
            Remedy(
                "two primaries, or two providers, each with a copy of its own",
                "Make the record at both, or take one out of the NS set at the registrar.",
            ),
            Remedy(
                "a name server caches its own negative answers (PowerDNS)",
                "Purge it (`pdns_control purge OWNER`), or wait for negquery-cache-ttl.",
            ),
            Remedy(
                "one server does not process DNAME",
                "Turn it on (PowerDNS: dname-processing=yes).",
            ),
        ),
    ),
    Entry(
        "value-missing",
        Severity.ERROR,
        "Some of several expected values are served, others are not.",
        "RFC 8555 section 8.4",
        "A certificate for a domain and its wildcard needs two TXT records at one owner name, side "
        "by side. Only a part of them is there.",
        "Each value belongs to an authorization of its own; the one whose value is missing fails.",
        ("dig +norec @ADDRESS OWNER TXT",),
        (
            Remedy(
                "the second record replaced the first",
                "Make the hook or plugin add to the RRset and not overwrite it; some provider "
                "interfaces need all values in one request.",
            ),
            Remedy(
                "an earlier clean-up removed both",
                "Remove by name and value, not by name alone.",
            ),
            Remedy(
                "two clients share the owner name",
                "Let them run one after the other, or give each its own CNAME target.",
            ),
        ),
    ),
    Entry(
        "wrong-value",
        Severity.ERROR,
        "TXT records are there, but none has the expected value.",
        "RFC 8555 section 8.4",
        "The owner name has TXT data, and no known mangling turns the expected value into it. "
        "The report sets the nearest one beside the expected one and marks the first "
        "difference.",
        "The CA compares byte by byte with the value of this authorization; it reports an "
        "incorrect TXT record.",
        ("dig +norec +short @ADDRESS OWNER TXT",),
        (
            Remedy(
                "it is left over from an earlier attempt",
                "Every attempt has a new value. Remove the old record and write the new one.",
            ),
            Remedy(
                "the values of two names, or of two orders, were swapped",
                "Compare with the other names' expected values.",
            ),
            Remedy(
                "another client answers for the same name",
                "Find out what else requests certificates for this domain (a hosting panel, "
                "a CDN, a second server).",
            ),
        ),
    ),
    Entry(
        "mangled-value",
        Severity.ERROR,
        "The value is there, but changed on its way in; `kind` says how.",
        "RFC 8555 section 8.4",
        "Instead of wrong-value where the mistake can be named. Kinds: quoted (quotation marks "
        "became part of the data), whitespace, case, truncated, typo (one or two characters), "
        "key-authorization (token.thumbprint where its SHA-256 digest belongs), hostname (an "
        "alias target entered as text).",
        "The CA joins a TXT record's character-strings and compares them exactly; letter case and "
        "blanks count.",
        ("dig +norec +short @ADDRESS OWNER TXT",),
        (
            Remedy("quoted", "Enter the value without quotation marks, or escape it only once."),
            Remedy(
                "whitespace",
                "Enter it without blanks and line ends; in a script, strip the line end "
                "(`printf %s`, not `echo`).",
            ),
            Remedy("case", "Use a tool or panel that keeps upper and lower case."),
            Remedy("truncated", "Copy the whole value: it has 43 characters."),
            Remedy("typo", "Copy the value instead of typing it; 0/O and l/I look alike."),
            Remedy(
                "key-authorization",
                "Publish the base64url form, without padding, of the key authorization's SHA-256 "
                "digest; the plain key authorization is http-01's.",
            ),
            Remedy("hostname", "Make it a CNAME record, not TXT."),
        ),
    ),
    Entry(
        "misplaced-record",
        Severity.ERROR,
        "The expected value is served, but at another name; `kind` says which.",
        "RFC 8555 section 8.4",
        "The owner name lacks the value, and a question at the usual wrong places found it. Kinds: "
        "doubled-zone (the panel appended the zone to a complete name), missing-label (without "
        "_acme-challenge), parent-label (one level too high), beside-alias (next to an alias and "
        "not at its target).",
        "The CA asks for the owner name alone.",
        (
            "dig +norec @ADDRESS OWNER TXT",
            "dig +norec @ADDRESS OWNER.ZONE TXT",
            "dig +norec @ADDRESS DOMAIN TXT",
        ),
        (
            Remedy(
                "doubled-zone",
                "Enter the name relative to the zone (`_acme-challenge`), or with a final dot.",
            ),
            Remedy("missing-label", "Put `_acme-challenge.` before the domain."),
            Remedy("parent-label", "Use the complete name: `_acme-challenge.` plus all of DOMAIN."),
            Remedy("beside-alias", "Write the record at the alias's target, or remove the alias."),
        ),
    ),
    Entry(
        "stale-values",
        Severity.WARNING,
        "The record is ready; other values stand beside it.",
        "RFC 8555 section 8.4",
        "Every expected value is served everywhere, together with others, usually left over from "
        "earlier attempts.",
        "A CA accepts it: one matching TXT record is enough. With very many, the answer no longer "
        "fits UDP, and a CA may stop reading.",
        ("dig +norec @ADDRESS OWNER TXT",),
        (
            Remedy(
                "an earlier run was interrupted or its clean-up failed",
                "Remove the other values once no other order is under way for this name.",
            ),
        ),
    ),
    Entry(
        "answer-unstable",
        Severity.ERROR,
        "One address went back and forth between having the record and lacking it.",
        "RFC 4786 section 4.4",
        "Within one run the same address showed the values, then did not, or the other way round "
        "and back. Catching up once does not count.",
        "The CA may be answered by the instance that lacks the record.",
        ("for i in 1 2 3 4 5 6 7 8; do dig +norec +short +nsid @ADDRESS OWNER TXT; done",),
        (
            Remedy(
                "several instances behind one address (anycast, load balancer)",
                "Find the instance that lags; wait longer (`settle`) or let the provider mend it.",
            ),
            Remedy(
                "two writers undo each other",
                "See that no second client and no configuration sync rewrites the zone.",
            ),
        ),
    ),
    Entry(
        "record-vanished",
        Severity.ERROR,
        "An address showed the record earlier in this run and has lost it.",
        "RFC 8555 section 8.4",
        "The values were there in an earlier round and are not now.",
        "The CA asks after the record is gone.",
        ("dig +norec @ADDRESS OWNER TXT", "dig +norec @ADDRESS ZONE SOA"),
        (
            Remedy(
                "a clean-up came too early",
                "The record must stay until the CA has validated: see what removes it "
                "(a hook in the background, a parallel run, a provider's expiry).",
            ),
            Remedy(
                "the zone was regenerated",
                "Configuration management or a zone-file export overwrote a dynamic update: "
                "exempt `_acme-challenge`, or delegate it to a zone of its own.",
            ),
        ),
    ),
)
