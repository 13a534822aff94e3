"""`explain` covers every code, from one source."""

from __future__ import annotations

import pytest

from certbot_dns_preflight.checks.rules import BY_CODE, RULES
from certbot_dns_preflight.report.explain import UnknownCodeError, explain

# Severities are public: they are listed here by hand, so that none changes unnoticed.
ERRORS = [
    "record-not-published",
    "secondary-behind",
    "servers-disagree",
    "value-missing",
    "wrong-value",
    "mangled-value",
    "misplaced-record",
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
    "nameserver-refuses",
    "nameserver-failing",
    "not-authoritative",
    "malformed-answer",
    "dnssec-query-fails",
    "case-sensitive",
    "internal-error",
    "limit-reached",
    "unconfirmed",
    "caa-forbids",
    "caa-unanswerable",
    "dnssec-bogus",
    "no-dns-egress",
    "dns-intercepted",
]
WARNINGS = [
    "record-lingers",
    "stale-values",
    "address-unreachable",
    "delegation-mismatch",
    "glue-mismatch",
    "parent-disagrees",
    "tcp-unavailable",
    "edns-broken",
    "case-not-preserved",
    "negative-answer-without-soa",
    "rate-limited",
    "dnssec-expiring",
    "split-view",
]


def test_the_rules_have_every_public_code_once_with_its_severity() -> None:
    severities = {module.RULE.code: module.RULE.severity.value for module in RULES}
    assert len(severities) == len(RULES)
    assert severities == {
        **dict.fromkeys(ERRORS, "error"),
        **dict.fromkeys(WARNINGS, "warning"),
        "domain-without-address": "info",
    }


@pytest.mark.parametrize("code", BY_CODE)
def test_each_code_is_explained_within_80_columns_of_ascii(code: str) -> None:
    text = explain(code)
    rule = BY_CODE[code]
    assert text.startswith(f"{code} ({rule.severity.value})\n")
    assert rule.remedies
    assert rule.reference.startswith("RFC ")
    assert rule.meaning.endswith(".")
    assert all(command in text for command in rule.confirm)
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 80


def test_without_a_code_all_are_listed_in_order() -> None:
    listed = [line.split()[0] for line in explain(None).splitlines() if line[:1].islower()]
    assert listed == [module.RULE.code for module in RULES]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("secondery-behind", "secondary-behind"), ("caa-forbid", "caa-forbids")],
)
def test_a_misspelt_code_gets_a_suggestion(typed: str, hint: str) -> None:
    with pytest.raises(UnknownCodeError, match=f'did you mean "{hint}"'):
        explain(typed)


def test_an_unknown_code_is_shown_harmlessly() -> None:
    with pytest.raises(UnknownCodeError) as caught:
        explain("\x1b[31mqqqqqqqq")
    assert "\x1b" not in str(caught.value)


def test_upper_case_and_blanks_are_forgiven() -> None:
    assert explain(" Wrong-Value ") == explain("wrong-value")
