"""Which names a renewal proves by dns-01, and which lineage is worst."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from certbot_dns_preflight.challenge import make_challenge
from certbot_dns_preflight.facts.outcome import Outcome, Vantage
from certbot_dns_preflight.renewals.lineages import (
    Lineage,
    Problem,
    Renewal,
    Trouble,
    proved_by_dns,
    worst_first,
)

NAMES = ("a.example", "*.a.example")
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("authenticator", "params", "proved"),
    [
        ("dns-cloudflare", {}, NAMES),
        ("certbot-dns-netcup:dns-netcup", {}, NAMES),
        ("certbot-plugin-gandi:dns", {}, NAMES),
        ("acme-dns", {}, NAMES),
        ("provider", {"provider_propagation_seconds": "60"}, NAMES),
        ("provider", {"pref_challs": ["dns-01"]}, NAMES),
        ("manual", {"pref_challs": ["dns-01", "http-01"]}, NAMES),
        ("manual", {"pref_challs": "dns-01"}, NAMES),
        ("manual", {"pref_challs": ["http-01", "dns-01"]}, NAMES[1:]),
        ("manual", {}, NAMES[1:]),
        ("provider", {}, NAMES[1:]),
        ("webroot", {"pref_challs": ["dns-01"]}, ()),
        ("nginx", {}, ()),
        ("standalone", {}, ()),
    ],
)
def test_which_names_dns_proves(
    authenticator: str, params: dict[str, object], proved: tuple[str, ...]
) -> None:
    assert proved_by_dns(authenticator, params, NAMES) == proved


def renewal(name: str, *, days: int | None = None, problem: Trouble | None = None) -> Renewal:
    lineage = Lineage(
        name=name,
        file=Path(f"/etc/letsencrypt/renewal/{name}.conf"),
        challenges=(make_challenge("a.example"),),
        not_after=None if days is None else NOW + dt.timedelta(days=days),
        problem=None if problem is None else Problem(problem, "why"),
    )
    ready = Outcome(started=NOW, elapsed=0.0, vantage=Vantage((), ()), challenges=())
    return Renewal(lineage, ready if problem is None else None)


def test_the_worst_comes_first_then_the_soonest() -> None:
    mixed = [
        renewal("late", days=60),
        renewal("soon", days=3),
        renewal("denied", problem=Trouble.DENIED),
        renewal("broken-late", days=9, problem=Trouble.BROKEN),
        renewal("broken", problem=Trouble.BROKEN),
    ]
    assert [each.lineage.name for each in worst_first(mixed)] == [
        "broken",
        "broken-late",
        "denied",
        "soon",
        "late",
    ]


@pytest.mark.parametrize(
    ("ends", "days"),
    [
        (dt.timedelta(days=2), 2),
        (dt.timedelta(hours=47), 1),
        (dt.timedelta(minutes=1), 0),
        (-dt.timedelta(minutes=1), -1),
    ],
)
def test_days_left_are_whole_ones(ends: dt.timedelta, days: int) -> None:
    lineage = Lineage(name="a", file=Path("a"), not_after=NOW + ends)
    assert lineage.days_left(NOW) == days
