"""Catalogue: aliases (CNAME, DNAME) on the way from the owner name to the record."""

from __future__ import annotations

from certbot_dns_preflight.checks.catalogue.entry import Entry, Remedy
from certbot_dns_preflight.facts.finding import Severity

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "alias-target-lacks-record",
        Severity.ERROR,
        "The owner name is an alias, and the name that it leads to lacks the value.",
        "RFC 1034 section 3.6.2",
        "A CNAME or DNAME sends the question on to another name. All name servers of "
        "that name's zone answered, and none has the expected value there.",
        "The CA follows the alias and finds no TXT record, or only others, at its end.",
        (
            "dig +norec @ADDRESS OWNER CNAME",
            "dig +norec @ADDRESS TARGET TXT",
        ),
        (
            Remedy(
                "the record was written at the owner name, not at the target",
                "Let the plugin follow the alias (many have an option or a zone "
                "setting for it), or write at the target with a hook.",
            ),
            Remedy(
                "the credentials do not cover the target's zone",
                "Give the authenticator access to the zone of the target.",
            ),
            Remedy(
                "the alias is left over from another service",
                "Remove the CNAME and write the TXT record at the owner name itself.",
            ),
        ),
    ),
    Entry(
        "alias-dangling",
        Severity.ERROR,
        "The alias leads to a name whose zone does not exist or is not delegated.",
        "RFC 1034 section 3.6.2",
        "The chain of aliases ends at a name that no zone holds: its parent answers "
        "NXDOMAIN, or its name servers do not serve it.",
        "The CA's resolver reports NXDOMAIN or SERVFAIL for the whole question.",
        (
            "dig +norec @ADDRESS OWNER CNAME",
            "dig +trace TARGET TXT",
        ),
        (
            Remedy(
                "the target is misspelt",
                "Correct the CNAME; without a final dot many panels append the zone.",
            ),
            Remedy(
                "the target's domain has expired or was given up",
                "Remove the alias at once: whoever registers that domain can get "
                "certificates for yours.",
            ),
            Remedy(
                "the target's zone is not delegated yet",
                "Add NS records for it in the parent zone.",
            ),
        ),
    ),
    Entry(
        "alias-loop",
        Severity.ERROR,
        "The aliases form a loop, or there are more than 16 of them.",
        "RFC 1034 section 3.6.2",
        "Following the aliases from the owner name comes back to a name already "
        "passed, or goes on and on.",
        "Resolvers give up after some steps and report SERVFAIL.",
        (
            "dig +norec @ADDRESS OWNER CNAME",
            "dig OWNER TXT",
        ),
        (
            Remedy(
                "two names point at each other",
                "Give one of them the TXT record and remove its CNAME.",
            ),
            Remedy(
                "a DNAME covers its own target",
                "Move the target out of the renamed tree.",
            ),
        ),
    ),
    Entry(
        "alias-conflict",
        Severity.ERROR,
        "A CNAME stands together with other data at the same name.",
        "RFC 1034 section 3.6.2",
        "A name that has a CNAME must have no other data. This name server gives both.",
        "Most resolvers follow the CNAME and never see the TXT record; which one they "
        "take is chance.",
        (
            "dig +norec @ADDRESS OWNER CNAME",
            "dig +norec @ADDRESS OWNER TXT",
        ),
        (
            Remedy(
                "a TXT record was added beside a delegation by CNAME",
                "Remove the CNAME, or write the TXT record at its target.",
            ),
            Remedy(
                "the server does not check its zones",
                "Check them: `named-checkzone ZONE FILE`, `kzonecheck FILE`, "
                "`nsd-checkzone ZONE FILE`, `pdnsutil check-zone ZONE`.",
            ),
        ),
    ),
    Entry(
        "alias-wildcard",
        Severity.ERROR,
        "A wildcard CNAME of the zone answers for the owner name.",
        "RFC 4592 section 3.3",
        "The owner name does not exist itself, so the zone's `*` record makes it an "
        "alias. A random name beside it gives the same answer.",
        "The CA follows the wildcard's CNAME, where the record usually is not.",
        (
            "dig +norec @ADDRESS OWNER TXT",
            "dig +norec @ADDRESS no-such-name-here.DOMAIN CNAME",
        ),
        (
            Remedy(
                "the TXT record was not written",
                "Write it at the owner name itself: an existing name is not caught by a wildcard.",
            ),
            Remedy(
                "the record was written at the wildcard's target on purpose",
                "Nothing is wrong then, as long as the value is served; make an own "
                "CNAME to say so.",
            ),
        ),
        note="A warning if the value is served all the same.",
    ),
)
