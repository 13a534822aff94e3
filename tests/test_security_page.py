"""SECURITY.md and docs/reference/limits.md claim what tests show, and the figures of the code."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLAIMS = re.findall(r"(tests/[\w/]+\.py)::(test_\w+)", (ROOT / "SECURITY.md").read_text())
LIMITS = (ROOT / "docs" / "reference" / "limits.md").read_text()
# What a cell of the page says, and the constant that it is.
FIGURES = (
    ("2,048", "resolve.wire", "MOST_RECORDS"),
    ("8,192", "resolve.wire", "MOST_POINTERS"),
    ("127", "resolve.wire", "MOST_POINTERS_A_NAME"),
    ("262,144", "resolve.wire", "MOST_NAME_BYTES"),
    ("4,096", "resolve.wire", "MOST_STRINGS"),
    ("256 RRsets", "resolve.messages", "MOST_RRSETS"),
    ("1,232", "resolve.queries", "PAYLOAD"),
    ("65,535", "resolve.encrypted", "_LONGEST_MESSAGE"),
    ("500", "resolve.exchange", "_MOST_SOCKETS"),
    ("1,000 characters", "resolve.exchange_log", "LONGEST_LINE"),
    ("1,048,576 characters", "resolve.exchange_log", "MOST_CHARACTERS"),
    ("262,144 characters", "plugin.outcome", "LONGEST_LOGGED_REPORT"),
    ("16 aliases", "resolve.txt_hops", "_MOST_HOPS"),
    ("16 aliases", "resolve.caa", "_MOST_HOPS"),
    ("200 names", "run.gate", "_MOST"),
    ("8 signatures", "dnssec.signatures", "_MOST_COMPUTATIONS"),
    ("4 keys", "dnssec.signatures", "_MOST_KEYS_OF_A_TAG"),
    ("200 failures", "dnssec.signatures", "_MOST_FAILURES"),
    ("1,000 failures", "dnssec.signatures", "_MOST_FAILURES_IN_ALL"),
    ("8 bytes", "dnssec.keys", "_LARGEST_EXPONENT"),
    ("150 iterations", "dnssec.nsec3", "MOST_ITERATIONS"),
    ("200,000 iterations", "resolve.negative_answers", "MOST_ITERATIONS_IN_ALL"),
    ("64 digests", "dnssec.messages", "_MOST_DIGESTS"),
    ("64 RRsets", "dnssec.signed_data", "_MOST_RRSETS"),
    ("3,000", "resolve.budgets", "QUERIES_A_ZONE"),
    ("300", "resolve.budgets", "NAMES_A_ZONE"),
    ("400", "resolve.budgets", "ADDRESSES_A_ZONE"),
    ("100", "resolve.budgets", "MOST_NAMESERVERS"),
    ("100", "resolve.budgets", "MOST_ADDRESSES"),
    ("2,000", "resolve.budgets", "ADDRESSES_A_RUN"),
    ("1,000", "resolve.budgets", "NAMES_A_RUN"),
    ("10,000", "resolve.budgets", "QUERIES_A_RUN"),
    ("64 values", "checks.txt_difference", "MOST_COMPARED"),
    ("2,000", "checks.txt_difference", "MOST_CONSIDERED"),
    ("8 values", "checks.txt_difference", "MOST_CANDIDATES"),
    ("4 answers", "checks.evidence", "MOST_ANSWERS"),
    ("80,000 steps", "checks.txt_difference", "MOST_STEPS"),
    ("1,000,000 steps", "checks.comparer", "STEPS_A_RUN"),
    ("2,000 steps", "checks.comparer", "LEAST_STEPS"),
    ("50,000 values", "checks.comparer", "MOST_REMEMBERED"),
    ("8,192 bytes", "checks.edit_distance", "_LONGEST_MEASURED"),
    ("1,000 domains", "report.metrics.textfile", "MOST_SUBJECTS"),
    ("4,194,304 bytes", "report.metrics.textfile", "MOST_BYTES"),
    ("1,024 characters", "report.metrics.textfile", "_LONGEST_LABEL"),
    ("32 name servers", "report.metrics.record", "MOST_NAMESERVERS"),
    ("40 links", "report.trusted_directory", "_MOST_LINKS"),
    ("1,048,576 bytes", "resolve.root_hints", "_MOST_BYTES"),
    ("1,048,576 bytes", "dnssec.anchors", "_MOST_BYTES"),
    ("262,144 bytes", "renewals.bounded_file", "_MOST_BYTES"),
    ("64 characters", "renewals.bounded_file", "_LONGEST_HEADING"),
    ("4,096 characters", "renewals.bounded_file", "_LONGEST_LINE"),
    ("5 s", "cli.challenges", "_UNTIL_WRITTEN"),
    ("1,048,576 bytes", "plugin.issuance", "_MOST_BYTES"),
    ("65,536 bytes", "cli.key_authorization", "_LARGEST"),
    ("100,000 names", "cli.challenges", "_MOST_NAMES"),
    ("4,096 characters", "cli.challenges", "_LONGEST_LINE"),
)


@pytest.mark.parametrize(("file", "name"), sorted(set(CLAIMS)))
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_row_of_a_claim_names_its_test() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    for table in re.findall(r"\| what shows it \|\n\|[-|]+\|\n((?:\|.*\n)+)", page):
        for row in table.splitlines():
            assert "::test_" in row or "docs/explanation/strictness.md" in row, row


@pytest.mark.parametrize(("text", "module", "name"), FIGURES)
def test_a_figure_is_that_of_the_code(text: str, module: str, name: str) -> None:
    value = getattr(importlib.import_module(f"certbot_dns_preflight.{module}"), name)
    assert re.search(rf"(?<![\d,]){re.escape(text)}(?!,?\d)", LIMITS)
    assert int(text.split(maxsplit=1)[0].replace(",", "")) == value
