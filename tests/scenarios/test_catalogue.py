"""That the scenarios leave nothing out, and that the documents say what they show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rules import BY_CODE
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from tests.scenarios import strictness
from tests.scenarios.values import VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.lab import Delegated
    from tests.scenarios.seen import Look

HERE = Path(__file__).parent
ELSEWHERE = {
    "internal-error",
    "limit-reached",
    "unconfirmed",
    "record-lingers",
    "caa-forbids",
    "caa-unanswerable",
    "dnssec-bogus",
    "dnssec-expiring",
    "split-view",
    "domain-without-address",
}
"""Codes that are not about records, aliases, servers and delegation at name servers."""


def test_every_code_has_a_scenario() -> None:
    sources = "".join(path.read_text() for path in HERE.glob("test_*.py") if path != Path(__file__))
    missing = {code for code in Code if f'"{code}"' not in sources}
    assert missing <= ELSEWHERE


def test_every_line_of_the_table_of_what_is_stricter_names_its_codes() -> None:
    document = strictness.DOCUMENT.read_text()
    lines = [line for line in document.splitlines() if line.startswith("| ")]
    assert len(strictness.ROWS) == len(lines) - 1 > 10
    assert all(codes for _, codes in strictness.ROWS)
    assert set(BY_CODE) >= strictness.STRICTER


def test_what_is_stricter_makes_not_ready_and_the_rest_of_it_warns() -> None:
    severities = {code: BY_CODE[code].severity for code in strictness.STRICTER}
    warnings = {code for code, severity in severities.items() if severity is Severity.WARNING}
    # A truncated answer without TCP is an error; that TCP alone is missing is a warning. So are a
    # parent's servers that deny the delegation, and such as list other name servers.
    assert warnings == {
        "address-unreachable",
        "parent-disagrees",
        "stale-values",
        "tcp-unavailable",
    }


def test_reports_are_kept_without_what_differs_from_run_to_run(
    shop: Callable[..., Delegated],
    look: Look,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop(f"_acme-challenge TXT {VALUE[:-1]}")
    monkeypatch.setenv("DNS_PREFLIGHT_REPORTS", str(tmp_path))
    for _ in range(2):
        look("shop.test", VALUE)
    first, first_text, again, again_text = sorted(tmp_path.iterdir())
    assert first_text.read_text().startswith("Not ready: ")
    assert "mangled-value" in first.read_text()
    assert (first.read_text(), first_text.read_text()) == (
        again.read_text(),
        again_text.read_text(),
    )
