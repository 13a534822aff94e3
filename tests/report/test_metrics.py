"""What a metrics file says, keeps and leaves out. Read back by prometheus-client's own parser."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dns.name
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Outcome, Verdict
from certbot_dns_preflight.report.metrics import exposition, families, record, textfile
from certbot_dns_preflight.report.metrics.families import FAMILIES
from tests.builders.strategies import OUTCOMES
from tests.builders.survey import (
    FOUR_AND_SIX,
    NODATA,
    TIMED_OUT,
    VALUE,
    alias,
    error,
    judged,
    run,
    seen,
)

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome

Labels = tuple[tuple[str, str], ...]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preflight.prom"


def told(file: Path) -> dict[str, dict[Labels, float]]:
    """Series by metric and labels."""
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(file.read_text()):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), "no series twice"
            found[sample.name][labels] = sample.value
    return found


def of(domain: str, **more: str) -> Labels:
    return tuple(sorted({"domain": domain, **more}.items()))


def recent(*challenges: ChallengeOutcome, hours: float = 0) -> Outcome:
    """Make a run that was just now, or some hours ago."""
    started = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return replace(run(*challenges), started=started, elapsed=11.5)


def about(domain: str, *, ready: bool = True) -> ChallengeOutcome:
    made = judged(
        seen("ns1.example.net.", "192.0.2.1", after=2.0),
        verdict=Verdict.READY if ready else Verdict.NOT_READY,
        findings=() if ready else (error("secondary-behind", "behind"),),
        ready_after=2.5 if ready else None,
    )
    return replace(made, survey=replace(made.survey, challenge=make_challenge(domain, [VALUE])))


# -- what a run says -------------------------------------------------------------------------------


def test_a_ready_run(file: Path) -> None:
    outcome = recent(about("example.com"))
    record.record(file, outcome)
    series = told(file)
    ended = outcome.started.timestamp() + 11.5
    assert series["dns_preflight_ready"] == {of("example.com"): 1}
    assert series["dns_preflight_outcome"] == {
        of("example.com", outcome="ready"): 1,
        of("example.com", outcome="not-ready"): 0,
        of("example.com", outcome="inconclusive"): 0,
    }
    assert series["dns_preflight_ready_after_seconds"] == {of("example.com"): 2.5}
    assert series["dns_preflight_nameserver_first_match_seconds"] == {
        of("example.com", nameserver="ns1.example.net."): 2.0
    }
    assert series["dns_preflight_run_duration_seconds"] == {of("example.com"): 11.5}
    assert series["dns_preflight_last_run_timestamp_seconds"][of("example.com")] == pytest.approx(
        ended
    )
    assert "dns_preflight_last_success_timestamp_seconds" in series
    assert "dns_preflight_findings" not in series


def test_a_run_that_fails_is_told_and_keeps_the_last_success(file: Path) -> None:
    good = recent(about("example.com"), hours=30)
    record.record(file, good)
    record.record(file, recent(about("example.com", ready=False)))
    series = told(file)
    assert series["dns_preflight_ready"] == {of("example.com"): 0}
    assert series["dns_preflight_findings"] == {
        of("example.com", code="secondary-behind", severity="error"): 1
    }
    assert "dns_preflight_ready_after_seconds" not in series
    success = series["dns_preflight_last_success_timestamp_seconds"][of("example.com")]
    assert success == pytest.approx(good.started.timestamp() + 11.5)
    assert series["dns_preflight_last_run_timestamp_seconds"][of("example.com")] > success


def test_a_run_that_came_to_no_look_is_told(file: Path) -> None:
    record.record(file, recent(about("example.com"), hours=30))
    record.record_failure(file, ["example.com"])
    series = told(file)
    assert series["dns_preflight_ready"] == {of("example.com"): 0}
    assert series["dns_preflight_outcome"][of("example.com", outcome="inconclusive")] == 1
    assert "dns_preflight_nameserver_first_match_seconds" not in series
    assert of("example.com") in series["dns_preflight_last_success_timestamp_seconds"]


def test_lineages_that_share_a_file_keep_their_own(file: Path) -> None:
    record.record(file, recent(about("a.example", ready=False)))
    record.record(file, recent(about("b.example")))
    assert told(file)["dns_preflight_ready"] == {of("a.example"): 0, of("b.example"): 1}


def test_a_name_server_counts_once_all_its_addresses_that_answer_have_it(file: Path) -> None:
    outcome = recent(
        judged(
            seen("ns1.example.net.", "192.0.2.1", after=1.0),
            seen("ns1.example.net.", "2001:db8::1", after=4.0),
            seen("ns2.example.net.", "192.0.2.2", after=1.0),
            seen("ns2.example.net.", "2001:db8::2", NODATA),
            seen("ns3.example.net.", "192.0.2.3", after=3.0),
            seen("ns3.example.net.", "2001:db8::3", TIMED_OUT),
            seen("ns4.example.net.", "192.0.2.4", alias("x.example.")),
        )
    )
    record.record(file, outcome)
    domain = outcome.challenges[0].survey.challenge.domain
    assert told(file)["dns_preflight_nameserver_first_match_seconds"] == {
        of(domain, nameserver="ns1.example.net."): 4.0,
        of(domain, nameserver="ns3.example.net."): 3.0,
    }


def test_findings_are_counted_by_code_and_severity(file: Path) -> None:
    made = about("example.com")
    one = replace(error("glue-mismatch", "one"), severity=Severity.WARNING)
    twice = (one, replace(one, summary="two"))
    record.record(file, recent(replace(made, findings=twice)))
    assert told(file)["dns_preflight_findings"] == {
        of("example.com", code="glue-mismatch", severity="warning"): 2
    }


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(OUTCOMES)
def test_whatever_a_run_shows_can_be_written_and_read(file: Path, outcome: Outcome) -> None:
    outcome = replace(outcome, started=dt.datetime.now(dt.UTC))
    record.record(file, outcome)
    series = told(file)
    domains = {each.survey.challenge.domain for each in outcome.challenges}
    assert {labels[0][1] for labels in series.get("dns_preflight_ready", {})} >= domains
    assert set(series) <= {family.name for family in FAMILIES}


def test_a_hostile_name_server_breaks_no_line(file: Path) -> None:
    evil = b'a"} 1\nevil_total 1\\'
    made = seen("ns1.example.net.", "192.0.2.1", after=1.0)
    owner = dns.name.Name((evil, b"example", b"net", b""))
    record.record(file, recent(judged(replace(made, nameserver=owner))))
    series = told(file)
    assert "evil_total" not in series
    [labels] = series["dns_preflight_nameserver_first_match_seconds"]
    assert dict(labels)["nameserver"] == owner.to_text()


# -- how much there may be -------------------------------------------------------------------------


def test_only_the_slowest_name_servers_of_many_are_told(file: Path) -> None:
    many = [seen(f"ns{n}.example.net.", f"192.0.2.{n}", after=float(n)) for n in range(1, 60)]
    record.record(file, recent(judged(*many)))
    values = told(file)["dns_preflight_nameserver_first_match_seconds"].values()
    assert (len(values), min(values), max(values)) == (record.MOST_NAMESERVERS, 28, 59)


def test_only_the_latest_of_too_many_domains_stay(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfile, "MOST_SUBJECTS", 3)
    for n in range(5):
        record.record(file, recent(about(f"d{n}.example"), hours=5 - n))
    for family, series in told(file).items():
        domains = {dict(labels).get("domain") for labels in series} - {None}
        assert domains <= {"d2.example", "d3.example", "d4.example"}, family


def test_a_domain_of_long_ago_is_forgotten(file: Path) -> None:
    record.record(file, recent(about("gone.example"), hours=24 * 201))
    record.record(file, recent(about("here.example")))
    assert "gone.example" not in file.read_text()


# -- the file --------------------------------------------------------------------------------------


def test_anybody_may_read_it_whatever_the_umask(file: Path) -> None:
    before = os.umask(0o077)
    try:
        record.record(file, recent(about("example.com")))
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_what_is_damaged_loses_itself_alone(file: Path) -> None:
    record.record(file, recent(about("a.example")))
    with file.open("ab") as stream:
        stream.write(
            b'dns_preflight_ready{domain="b.ex\ngarbage \xff\x00 {{{\n'
            b'dns_preflight_ready{domain="c.example",other="x"} 1\n'
            b'dns_preflight_ready{domain="d.example"} NaN\n'
            b'dns_preflight_findings{domain="a.example",code="made-up",severity="error"} 1\n'
            b"other_metric 1\n"
        )
    record.record(file, recent(about("z.example")))
    series = told(file)
    assert series["dns_preflight_ready"] == {of("a.example"): 1, of("z.example"): 1}
    assert "made-up" not in file.read_text()
    assert "other_metric" not in series


def test_a_link_at_the_path_is_replaced_and_not_read(file: Path, tmp_path: Path) -> None:
    record.record(tmp_path / "others", recent(about("secret.example")))
    file.symlink_to("others")
    record.record(file, recent(about("a.example")))
    assert told(file)["dns_preflight_ready"] == {of("a.example"): 1}


def test_of_a_file_larger_than_any_of_ours_the_beginning_is_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = 'dns_preflight_ready{{domain="d{:09}.example"}} 1.0\n'
    with file.open("w") as stream:
        stream.writelines(line.format(n) for n in range(16 * 2**20 // len(line)))
    assert file.stat().st_size > 14 * 2**20
    pieces: list[int] = []
    read = os.read

    def counted(descriptor: int, most: int) -> bytes:
        piece = read(descriptor, most)
        pieces.append(len(piece))
        return piece

    monkeypatch.setattr(os, "read", counted)
    monkeypatch.setattr(
        "prometheus_client.parser.text_string_to_metric_families",
        lambda _: pytest.fail("it takes seconds for as much"),
    )
    record.record(file, recent(about("a.example")))
    assert sum(pieces) == textfile.MOST_BYTES
    assert file.stat().st_size < 10_000, "what nothing dates is not kept"


def test_what_is_cut_off_of_a_large_file_is_what_there_is_most_of(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.record(file, recent(about("a.example"), about("b.example")))
    monkeypatch.setattr(textfile, "MOST_BYTES", file.stat().st_size - 50)
    record.record(file, recent(about("c.example")))
    series = told(file)
    assert len(series["dns_preflight_ready"]) == 3
    assert len(series["dns_preflight_nameserver_first_match_seconds"]) == 2


def test_a_line_longer_than_any_of_ours_is_left_out() -> None:
    label = "x" * 20_000
    text = f'dns_preflight_ready{{domain="{label}"}} 1.0\ndns_preflight_ready{{domain="a"}} 1.0\n'
    assert exposition.read(text, FAMILIES) == {(families.READY, ("a",)): 1.0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OUTCOMES)
def test_it_is_read_back_as_prometheus_reads_it(file: Path, outcome: Outcome) -> None:
    file.unlink(missing_ok=True)
    record.record(file, replace(outcome, started=dt.datetime.now(dt.UTC)))
    ours = {
        (family.name, tuple(sorted(zip(family.labels, labels, strict=True)))): value
        for (family, labels), value in exposition.read(file.read_text(), FAMILIES).items()
    }
    theirs = {
        (name, labels): v for name, series in told(file).items() for labels, v in series.items()
    }
    assert ours == theirs


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_number_is_read_as_it_was_written(label: str, value: float) -> None:
    series = {(families.READY, (label,)): value}
    assert exposition.read(exposition.write(FAMILIES, series), FAMILIES) == series


def _record_some(file: Path, which: str) -> None:
    for n in range(8):
        record.record(file, recent(about(f"{which}{n}.example")))


def test_writers_at_once_lose_nothing_of_each_other(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_record_some, args=(file, which)) for which in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(told(file)["dns_preflight_ready"]) == 16


def test_a_place_that_cannot_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "where.prom"):
        with pytest.raises(record.MetricsError, match="cannot write"):
            record.check(path)
        with pytest.raises(record.MetricsError, match="cannot write"):
            record.record(path, Outcome(dt.datetime.now(dt.UTC), 1.0, FOUR_AND_SIX, ()))


def test_the_document_lists_every_metric_and_no_other() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "reference", "metrics.md").read_text()
    assert set(re.findall(r"\bdns_preflight_\w+", page)) == {family.name for family in FAMILIES}
