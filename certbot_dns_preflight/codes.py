"""The finding codes, as a bare list: what `--skip` accepts. Their meaning is the catalogue's.

Apart from the catalogue, since options are read at every start of certbot and must stay light.
"""

from __future__ import annotations

CODES = (
    "record-not-published",
    "secondary-behind",
    "servers-disagree",
    "value-missing",
    "wrong-value",
    "mangled-value",
    "misplaced-record",
    "stale-values",
    "answer-unstable",
    "record-vanished",
    "alias-target-lacks-record",
    "alias-dangling",
    "alias-loop",
    "alias-conflict",
    "alias-wildcard",
    "no-such-domain",
    "nameserver-without-address",
    "nameserver-unreachable",
    "address-unreachable",
    "nameserver-refuses",
    "nameserver-failing",
    "not-authoritative",
    "malformed-answer",
    "delegation-mismatch",
    "glue-mismatch",
    "tcp-unavailable",
    "edns-broken",
    "case-not-preserved",
    "negative-answer-without-soa",
    "rate-limited",
    "caa-forbids",
    "caa-unanswerable",
    "dnssec-bogus",
    "dnssec-expiring",
    "split-view",
    "no-dns-egress",
    "domain-without-address",
)
