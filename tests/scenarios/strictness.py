"""Where not ready does not mean that a CA would fail: the one list, as the documentation has it."""

from __future__ import annotations

ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "one of several name servers is down, refuses, fails or has no address",
        (
            "nameserver-unreachable",
            "nameserver-refuses",
            "nameserver-failing",
            "not-authoritative",
            "malformed-answer",
            "nameserver-without-address",
        ),
    ),
    (
        "the name servers have only addresses of a family that this host lacks",
        ("nameserver-unreachable",),
    ),
    ("one server has not got the record yet", ("secondary-behind",)),
    ("one server shows an old or a wrong value", ("servers-disagree", "mangled-value")),
    ("one server has lost the record since", ("record-vanished",)),
    (
        "one server's signatures or keys, or one parent server's DS, are not to be believed",
        ("dnssec-bogus",),
    ),
    ("the name servers' CAA sets differ, and one of them forbids", ("caa-forbids",)),
    ("CAA has not been read after 20 s", ("caa-unanswerable",)),
    ("a truncated answer from a server without TCP", ("tcp-unavailable",)),
    ("one address goes back and forth between right and wrong", ("answer-unstable",)),
    ("a CNAME and a TXT at one name", ("alias-conflict",)),
    ("more than 16 aliases in a row", ("alias-loop",)),
    (
        "the record is seen everywhere, but too late for the rounds that confirm it",
        ("unconfirmed",),
    ),
    ("dns-preflight itself fails at a name", ("internal-error",)),
    ("an address of a name server is dead, another one answers", ("address-unreachable",)),
    ("old values beside the expected ones", ("stale-values",)),
)
"""Each situation of docs/strictness.md, and the finding codes that tell of it."""

STRICTER = frozenset(code for _, codes in ROWS for code in codes)
"""With errors of these codes alone, a validating resolver may get the values all the same."""
