"""Where not ready does not mean that a CA would fail: the one list, as the documentation has it."""

from __future__ import annotations

STRICTER: dict[str, str] = {
    "nameserver-unreachable": "one of several name servers is down, refuses or fails",
    "nameserver-refuses": "one of several name servers is down, refuses or fails",
    "nameserver-failing": "one of several name servers is down, refuses or fails",
    "not-authoritative": "one of several name servers is down, refuses or fails",
    "malformed-answer": "one of several name servers is down, refuses or fails",
    "nameserver-without-address": "one of several name servers is down, refuses or fails",
    "secondary-behind": "one server has not got the record yet",
    "servers-disagree": "one server shows an old or a wrong value",
    "mangled-value": "one server shows an old or a wrong value",
    "record-vanished": "one server has lost the record since",
    "alias-conflict": "a CNAME and a TXT at one name",
    "alias-loop": "more than 16 aliases in a row",
    "tcp-unavailable": "a truncated answer from a server without TCP",
    "answer-unstable": "one address goes back and forth between right and wrong",
}
"""Finding codes with which a validating resolver may get the values all the same, and why.

It takes an address that shows all of them, a TXT beside a CNAME, or a very long chain.
"""

READY_ALL_THE_SAME: dict[str, str] = {
    "address-unreachable": "an address of a name server is dead, another one answers",
    "stale-values": "old values beside the expected ones",
}
"""Warnings of the same table: ready, though something is not as it should be."""
