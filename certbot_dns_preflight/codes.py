"""The finding codes, as a bare enumeration: what `--skip` accepts. The rules define their meaning.

Separate from the rules, because certbot reads the options on every start and they must load fast.
"""

from __future__ import annotations

import enum


class Code(enum.StrEnum):
    """The name of a finding: public, so a code may be added, but never changed or removed.

    In the order of `checks.rules.RULES`, in which findings of one severity are reported.
    """

    RECORD_NOT_PUBLISHED = "record-not-published"
    SECONDARY_BEHIND = "secondary-behind"
    SERVERS_DISAGREE = "servers-disagree"
    VALUE_MISSING = "value-missing"
    WRONG_VALUE = "wrong-value"
    MANGLED_VALUE = "mangled-value"
    MISPLACED_RECORD = "misplaced-record"
    STALE_VALUES = "stale-values"
    ANSWER_UNSTABLE = "answer-unstable"
    RECORD_VANISHED = "record-vanished"
    ALIAS_TARGET_LACKS_RECORD = "alias-target-lacks-record"
    ALIAS_DANGLING = "alias-dangling"
    ALIAS_LOOP = "alias-loop"
    ALIAS_CONFLICT = "alias-conflict"
    ALIAS_WILDCARD = "alias-wildcard"
    NO_SUCH_DOMAIN = "no-such-domain"
    NAMESERVER_WITHOUT_ADDRESS = "nameserver-without-address"
    DELEGATION_MISMATCH = "delegation-mismatch"
    GLUE_MISMATCH = "glue-mismatch"
    PARENT_DISAGREES = "parent-disagrees"
    NAMESERVER_UNREACHABLE = "nameserver-unreachable"
    ADDRESS_UNREACHABLE = "address-unreachable"
    NAMESERVER_REFUSES = "nameserver-refuses"
    NAMESERVER_FAILING = "nameserver-failing"
    NOT_AUTHORITATIVE = "not-authoritative"
    MALFORMED_ANSWER = "malformed-answer"
    DNSSEC_QUERY_FAILS = "dnssec-query-fails"
    CASE_SENSITIVE = "case-sensitive"
    TCP_UNAVAILABLE = "tcp-unavailable"
    EDNS_BROKEN = "edns-broken"
    CASE_NOT_PRESERVED = "case-not-preserved"
    NEGATIVE_ANSWER_WITHOUT_SOA = "negative-answer-without-soa"
    RATE_LIMITED = "rate-limited"
    LIMIT_REACHED = "limit-reached"
    INTERNAL_ERROR = "internal-error"
    UNCONFIRMED = "unconfirmed"
    RECORD_LINGERS = "record-lingers"
    CAA_FORBIDS = "caa-forbids"
    CAA_UNANSWERABLE = "caa-unanswerable"
    DNSSEC_BOGUS = "dnssec-bogus"
    DNSSEC_EXPIRING = "dnssec-expiring"
    SPLIT_VIEW = "split-view"
    NO_DNS_EGRESS = "no-dns-egress"
    DNS_INTERCEPTED = "dns-intercepted"
    DOMAIN_WITHOUT_ADDRESS = "domain-without-address"
