"""How findings are labelled for their readers."""

from __future__ import annotations

import pytest

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Finding, Severity
from certbot_dns_preflight.report.sentences import label


@pytest.mark.parametrize(
    ("code", "severity", "shown"),
    [
        (Code.STALE_VALUES, Severity.WARNING, "note"),
        (Code.GLUE_MISMATCH, Severity.WARNING, "warning"),
        (Code.WRONG_VALUE, Severity.ERROR, "error"),
        (Code.DOMAIN_WITHOUT_ADDRESS, Severity.INFO, "note"),
    ],
)
def test_a_warning_that_says_it_is_harmless_is_a_note(
    code: Code, severity: Severity, shown: str
) -> None:
    assert label(Finding(code, severity, "", "", "", "")) == shown
