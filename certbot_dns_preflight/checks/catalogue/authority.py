"""Catalogue: what a CA asks beyond the TXT record: CAA, DNSSEC, and from where."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "caa-forbids",
        Severity.ERROR,
        "The closest CAA record set excludes this CA, this account or this method.",
        "RFC 8659 section 4",
        "CAA is looked up at the name and each ancestor; the first set found decides. "
        "Its `issue` (for wildcards `issuewild`) properties must name the CA, and "
        "`accounturi` and `validationmethods`, if given, must fit (RFC 8657). An "
        "unknown critical property forbids. It is a warning where it depends on the CA; for "
        "Let's Encrypt it is known what its software does not take.",
        "The CA must not issue; it looks after the challenge has passed.",
        (
            "dig DOMAIN CAA",
            "dig PARENT-OF-DOMAIN CAA",
        ),
        (
            Remedy(
                "the CA is not listed",
                'Add `DOMAIN. CAA 0 issue "letsencrypt.org"` (your CA\'s issuer domain name).',
            ),
            Remedy(
                "a wildcard is asked for and issuewild excludes it",
                "Add an `issuewild` record, or remove the one that forbids.",
            ),
            Remedy(
                "accounturi names another account",
                "Put this account's URL there; it changes when an account is made anew.",
            ),
            Remedy(
                "accounturi is the account's URL of ACMEv1",
                "Let's Encrypt takes it (a warning); better put the URL of today there.",
            ),
            Remedy(
                "validationmethods lacks dns-01",
                "Add dns-01 to it.",
            ),
            Remedy(
                "a critical property that the CA does not know, or flag 1 or a hyphen that it "
                "misreads",
                "Set the flags to 0, or leave the parameter out.",
            ),
        ),
    ),
    Entry(
        "caa-unanswerable",
        Severity.ERROR,
        "A CAA question fails at the name or an ancestor.",
        "RFC 8659 section 3",
        "Every name server must answer a CAA question, if only negatively. One gives "
        "SERVFAIL, no answer, or a broken one; or nothing came within 20 seconds.",
        "An unanswered CAA question counts as a prohibition.",
        (
            "dig +norec @ADDRESS DOMAIN CAA",
            "dig +trace DOMAIN CAA",
        ),
        (
            Remedy(
                "old server software answers unknown types with an error",
                "Update it, or move the zone.",
            ),
            Remedy(
                "a firewall drops unknown record types",
                "Let them pass.",
            ),
            Remedy(
                "DNSSEC denial for the type is broken",
                "See dnssec-bogus.",
            ),
        ),
    ),
    Entry(
        "dnssec-bogus",
        Severity.ERROR,
        "A validating resolver would answer SERVFAIL.",
        "RFC 4035 section 5",
        "The chain of signatures from the root does not hold; `kind` says where: "
        "ds-without-key, signature-expired, signature-not-yet-valid, "
        "signature-missing, signature-invalid. Each server address is looked at by "
        "itself: one secondary with old signatures is the usual fault.",
        "CAs must validate DNSSEC for TXT and CAA, and for the answer that there is no CAA; "
        "bogus data is no data.",
        (
            "dig +dnssec +norec @ADDRESS OWNER TXT",
            "dig +dnssec ZONE DNSKEY",
            "dig ZONE DS",
            "delv OWNER TXT",
        ),
        (
            Remedy(
                "ds-without-key",
                "Correct the DS at the registrar, or remove it while the zone is unsigned; where "
                "only some servers of the zone above have it, see to their transfers.",
            ),
            Remedy(
                "signature-expired",
                "Sign again; see why the signer or the transfer to this secondary stands still.",
            ),
            Remedy(
                "signature-not-yet-valid",
                "Set the signer's clock, or this host's.",
            ),
            Remedy(
                "signature-missing",
                "Sign the whole zone on every server; with a new algorithm, sign with "
                "it before the DS appears.",
            ),
            Remedy(
                "signature-invalid",
                "Publish the key that signed; let no server alter the zone after signing.",
            ),
        ),
    ),
    Entry(
        "dnssec-expiring",
        Severity.WARNING,
        "A signature in use ends within 3 days.",
        "RFC 6781 section 4.4.2",
        "The signature is still valid, but should have been renewed by now. Also told where it has "
        "ended, or begins, so short a time away that validators put it down to clocks that "
        "differ: a tenth of its validity, an hour at least and a day at most.",
        "It does not yet; from the expiry on (and that time) it will.",
        ("dig +dnssec +norec @ADDRESS ZONE SOA",),
        (
            Remedy(
                "the signer has stopped",
                "Start it; see its log and its access to the keys.",
            ),
            Remedy(
                "a secondary no longer gets the new signatures",
                "Mend the zone transfer.",
            ),
            Remedy(
                "the signer's clock or this host's is wrong",
                "Set it (NTP).",
            ),
        ),
    ),
    Entry(
        "split-view",
        Severity.WARNING,
        "This host's resolver shows something other than the public DNS.",
        "RFC 8499 section 6",
        "An internal view or a local override hides the public zone from this host: other name "
        "servers, another primary, or internal addresses where the public ones are not. Other "
        "public addresses may have many reasons and are not told.",
        "It does not look from here: only the public view counts, and the record has to be there.",
        (
            "dig DOMAIN A",
            "dig +trace DOMAIN A",
        ),
        (
            Remedy(
                "the record was written to the internal zone",
                "Write it to the public one; point the authenticator at the public primary.",
            ),
            Remedy(
                "the CA is an internal one",
                "Check through its resolver (--dns-preflight-resolver).",
            ),
        ),
    ),
    Entry(
        "no-dns-egress",
        Severity.ERROR,
        "Nothing at all answers on port 53 from this host.",
        "RFC 1034 section 5.3.3",
        "Neither the root servers nor the given resolver answered. Nothing is known "
        "about the zone: the outcome is inconclusive (exit status 3). certbot's order is stopped "
        "before a record is made, as the wait could see nothing either.",
        "It may well not: this says something about this host alone.",
        (
            "dig +norec @198.41.0.4 . NS",
            "dig +norec +tcp @198.41.0.4 . NS",
        ),
        (
            Remedy(
                "a firewall blocks port 53 outwards",
                "Allow UDP and TCP port 53 from this host.",
            ),
            Remedy(
                "only the company's resolver may be used",
                "Discovery can go through it (--dns-preflight-resolver), but the name "
                "servers must be reachable still.",
            ),
            Remedy(
                "the network is down",
                "See the routes of this host.",
            ),
        ),
    ),
    Entry(
        "domain-without-address",
        Severity.INFO,
        "The domain itself has no address.",
        "RFC 1034 section 3.6",
        "The certificate would issue, but no client could connect to the name as it is.",
        "It does not: DNS-01 needs no address.",
        (
            "dig DOMAIN A",
            "dig DOMAIN AAAA",
        ),
        (
            Remedy(
                "a misspelt or not yet used name",
                "See that the certificate is for the name that is meant.",
            ),
        ),
    ),
)
