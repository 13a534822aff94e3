"""What keeps certbot from starting a renewal is seen in the renewal file, before the DNS is."""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.facts.obstacle import AliasLoop
from certbot_dns_preflight.renewals import certbot_needs, config_dir, map_coverage
from certbot_dns_preflight.renewals.lineages import Obstacle, Trouble
from certbot_dns_preflight.report import lineage_outputs
from tests.builders.survey import alias, error, hop, judged, name, nodata, run, seen
from tests.plugin.renewal_files import edit
from tests.renewals.test_renewal_file import certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome
    from certbot_dns_preflight.renewals.lineages import Lineage, Problem

Line = tuple[str, str | None]
OURS = {"authenticator": "dns-preflight", "dns_preflight_authenticator": "dns-rfc2136"}
ALONE = {"authenticator": "dns-rfc2136"}


@dataclass(frozen=True, slots=True)
class Directory:
    """A configuration directory with a lineage that certbot could renew, until it is edited."""

    path: Path
    names: tuple[str, ...] = ("example.test",)

    def make(self, **lines: str) -> None:
        live, archive = (self.path / kind / "lineage" for kind in ("live", "archive"))
        for folder in (live, archive, self.path / "renewal"):
            folder.mkdir(parents=True)
        items = ("cert", "privkey", "chain", "fullchain")
        for item in items:
            certificate(archive / f"{item}1.pem", self.names)
            (live / f"{item}.pem").symlink_to(f"../../archive/lineage/{item}1.pem")
        (self.path / "accounts" / "ca.test" / "dir" / "abc").mkdir(parents=True)
        credentials = self.path / "credentials.ini"
        credentials.touch()
        params = {
            "account": "abc",
            "server": "https://ca.test/dir",
            "dns_rfc2136_credentials": str(credentials),
            **lines,
        }
        self.file.write_text(
            "".join(f"{item} = {live / item}.pem\n" for item in items)
            + "[renewalparams]\n"
            + "".join(f"{item} = {value}\n" for item, value in params.items())
        )

    @property
    def file(self) -> Path:
        return self.path / "renewal" / "lineage.conf"

    def lineage(self, **given: str) -> Lineage:
        (lineage,) = config_dir.read(self.path, given)
        return lineage

    def problem(self, **given: str) -> Problem:
        problem = self.lineage(**given).problem
        assert problem is not None
        assert problem.fix
        return problem


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    monkeypatch.setattr(certbot_needs, "_other_certbot", lambda: None)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    return Directory(tmp_path / "letsencrypt")


@pytest.mark.parametrize("params", [OURS, ALONE])
def test_nothing_keeps_it_from_starting(directory: Directory, params: dict[str, str]) -> None:
    directory.make(**params)
    lineage = directory.lineage()
    assert (lineage.problem, lineage.notes, lineage.unseen) == (None, (), ())
    assert [each.domain for each in lineage.challenges] == ["example.test"]


@pytest.mark.parametrize(
    ("params", "item", "value", "words"),
    [
        (OURS, "dns_preflight_authenticator", "x=dns-a, x=dns-b", "names two authenticators for x"),
        (OURS, "dns_preflight_authenticator", "=", "it takes NAME, or ZONE=NAME"),
        (OURS, "dns_preflight_alias", "sideways", "--dns-preflight-alias: 'sideways' is not"),
        (OURS, "dns_preflight_failure_hook", '""', "--dns-preflight-failure-hook: '' is not"),
        (OURS, "dns_preflight_timeout", "5, 6", "--dns-preflight-timeout: '5,6' is not accepted"),
        (OURS, "dns_preflight_ask", "resolvers", "needs --dns-preflight-resolver"),
        (OURS, "dns_preflight_report", "/no/dir/r.json", "there is no directory /no/dir"),
        (OURS, "dns_preflight_metrics", "/no/dir/r.prom", "there is no directory /no/dir"),
        (OURS, "dns_preflight_root_hints", "/no/hints", "must be readable (No such file"),
        (OURS, "pref_challs", "http-01,", "pref_challs = http-01 leaves out dns-01"),
        (ALONE, "pref_challs", "http", "pref_challs = http-01 leaves out dns-01"),
        (OURS, "dns_rfc2136_propagation_seconds", "abc", "= abc is not a whole number of"),
        (ALONE, "dns_rfc2136_propagation_seconds", "1, 2", "= 1,2 is not a whole number of"),
        (ALONE, "dns_rfc2136_propagation_seconds", "1.5", "= 1.5 is not a whole number of"),
        (OURS, "allow_subset_of_names", "maybe", "= maybe is neither True nor False"),
        (ALONE, "reuse_key", "1", "reuse_key = 1 is neither True nor False"),
        (ALONE, "rsa_key_size", "big", "rsa_key_size = big is not a whole number"),
        (ALONE, "rsa_key_size", "None", "rsa_key_size = None is not a whole number"),
        (ALONE, "must_staple", "None", "must_staple = None is neither True nor False"),
        (OURS, "key_type", "None", "key_type = None is none of rsa, ecdsa"),
        (OURS, "dns_preflight_trust_anchor", "/dev/null", "use a regular file"),
        (
            OURS,
            "dns_preflight_trust_anchor",
            "{file}",
            "--dns-preflight-trust-anchor: {file} holds",
        ),
        (OURS, "dns_preflight_report", "{file}/r.json", "there is no directory {file}"),
        (OURS, "key_type", "dsa", "key_type = dsa is none of rsa, ecdsa"),
        (OURS, "elliptic_curve", "nope", "elliptic_curve = nope is none of secp256r1"),
    ],
)
def test_a_line_that_certbot_or_the_plugin_refuses(
    directory: Directory, params: dict[str, str], item: str, value: str, words: str
) -> None:
    directory.make(**params)
    edit(directory.file, item, value.format(file=directory.file))
    problem = directory.problem()
    assert (problem.trouble, problem.code) == (Trouble.BROKEN, Obstacle.OPTIONS)
    assert problem.reason.startswith(f"{directory.file}: ")
    assert words.format(file=directory.file) in problem.reason


@pytest.mark.parametrize(
    ("params", "item", "value"),
    [
        (OURS, "pref_challs", "dns"),
        (ALONE, "pref_challs", "http-01, dns-01"),
        (OURS, "dns_preflight_timeout", "None"),
        (OURS, "dns_preflight_unknown", "1"),
        (OURS, "dns_rfc2136_propagation_seconds", "None"),
        (OURS, "installer", "nowhere"),
        (OURS, "account", "None"),
        (OURS, "http01_port", "None"),
        (OURS, "elliptic_curve", "None"),
        (ALONE, "autorenew", "True"),
        (OURS, "key_type", "ECDSA"),
    ],
)
def test_a_line_that_certbot_takes(
    directory: Directory, params: dict[str, str], item: str, value: str
) -> None:
    directory.make(**params)
    edit(directory.file, item, value)
    assert directory.lineage().problem is None


@pytest.mark.skipif(os.geteuid() != 0, reason="what root may write is known to root alone")
def test_an_output_in_a_directory_that_others_may_write_to(directory: Directory) -> None:
    shared = directory.path.parent / "shared"
    shared.mkdir()
    directory.make(**OURS, dns_preflight_report=str(shared / "report.json"))
    assert lineage_outputs.problem_of(directory.lineage()) is None
    shared.chmod(0o777)
    problem = lineage_outputs.problem_of(directory.lineage())
    assert problem is not None
    assert problem.code is Obstacle.OPTIONS
    lead = f"{directory.file}: --dns-preflight-report: cannot write {shared / 'report.json'}: "
    assert problem.reason.startswith(lead)


@pytest.mark.skipif(os.geteuid() != 0, reason="what root may write is known to root alone")
def test_metrics_without_their_library(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.make(**OURS, dns_preflight_metrics=str(directory.path / "metrics.prom"))
    assert lineage_outputs.problem_of(directory.lineage()) is None
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    problem = lineage_outputs.problem_of(directory.lineage())
    assert problem is not None
    assert "--dns-preflight-metrics: prometheus-client is not installed" in problem.reason


def test_options_given_here_do_not_mend_the_file(directory: Directory) -> None:
    directory.make(**OURS, dns_preflight_timeout="soon")
    assert "'soon' is not accepted" in directory.problem(timeout="5").reason


@pytest.mark.parametrize(
    ("params", "line", "code", "reason"),
    [
        (
            OURS,
            ("dns_rfc2136_credentials", None),
            Obstacle.CREDENTIALS,
            "dns-rfc2136 has no --dns-rfc2136-credentials, and certbot renew cannot ask for it",
        ),
        (
            ALONE,
            ("dns_rfc2136_credentials", "None"),
            Obstacle.CREDENTIALS,
            "dns-rfc2136 has no --dns-rfc2136-credentials, and certbot renew cannot ask for it",
        ),
        (
            OURS,
            ("dns_preflight_authenticator", "standalone"),
            Obstacle.PLUGIN,
            "standalone makes no DNS record, so that dns-preflight cannot use it",
        ),
        (
            OURS,
            ("dns_preflight_authenticator", "x=dns-preflight, manual"),
            Obstacle.PLUGIN,
            "dns-preflight makes no DNS record, so that dns-preflight cannot use it",
        ),
        (
            ALONE,
            ("authenticator", "corp:dns-rfc2136"),
            Obstacle.PLUGIN,
            "certbot knows no plugin corp:dns-rfc2136 any more: its name is dns-rfc2136",
        ),
        (
            OURS,
            ("dns_preflight_authenticator", "None"),
            Obstacle.HOOK,
            "manual has no --manual-auth-hook, so that certbot renew has nobody to make the record",
        ),
        (OURS, ("authenticator", None), Obstacle.LINEAGE, "{file} names no authenticator"),
        (ALONE, ("authenticator", "None"), Obstacle.LINEAGE, "{file} names no authenticator"),
        (
            OURS,
            ("account", "def"),
            Obstacle.LINEAGE,
            "the account {directory}/accounts/ca.test/dir/def is gone",
        ),
    ],
)
def test_what_certbot_does_not_find(
    directory: Directory, params: dict[str, str], line: Line, code: Obstacle, reason: str
) -> None:
    directory.make(**params)
    edit(directory.file, *line)
    problem = directory.problem()
    expected = reason.format(file=directory.file, directory=directory.path)
    assert (problem.code, problem.reason) == (code, expected)


def test_credentials_may_be_named_in_certbots_own_configuration(directory: Directory) -> None:
    directory.make(**ALONE)
    edit(directory.file, "dns_rfc2136_credentials", None)
    (directory.path / "cli.ini").write_text("# dns-rfc2136-credentials = /a\n")
    assert directory.problem().code is Obstacle.CREDENTIALS
    (directory.path / "cli.ini").write_text("dns-rfc2136-credentials = /a\n")
    assert directory.lineage().problem is None


def test_an_account_of_lets_encrypts_older_directory_is_found(directory: Directory) -> None:
    directory.make(**ALONE)
    edit(directory.file, "server", "https://acme-v02.api.letsencrypt.org/directory")
    assert directory.problem().reason.endswith("acme-v02.api.letsencrypt.org/directory/abc is gone")
    older = directory.path / "accounts" / "acme-v01.api.letsencrypt.org" / "directory" / "abc"
    older.mkdir(parents=True)
    assert directory.lineage().problem is None


def test_an_address_needs_another_authenticator(directory: Directory) -> None:
    mixed = dataclasses.replace(directory, names=("example.test", "192.0.2.1"))
    mixed.make(**OURS)
    problem = mixed.problem()
    assert problem.reason == "dns-01 cannot prove control of an IP address (192.0.2.1)"


# -- a map of zones --------------------------------------------------------------------------------


def at_the_name() -> ChallengeOutcome:
    owner = "_acme-challenge.example.test."
    shown = hop(seen("ns1.example.net.", "192.0.2.1", nodata()), owner=owner)
    return judged(domain="example.test", hops=(shown,))


def at_a_target(**more: object) -> ChallengeOutcome:
    own = hop(seen("ns1.example.net.", "192.0.2.1", alias()), owner="_acme-challenge.example.test.")
    there = hop(seen("ns1.example.net.", "192.0.2.1", nodata()), owner="record.other.test.")
    return judged(domain="example.test", hops=(own, there), **more)  # type: ignore[arg-type]


def by_a_wildcard() -> ChallengeOutcome:
    return at_a_target(findings=(error("alias-wildcard", "it comes from a wildcard"),))


def in_a_loop() -> ChallengeOutcome:
    loop = AliasLoop((name("_acme-challenge.example.test."), name("record.other.test.")))
    return at_a_target(obstacle=loop)


@pytest.mark.parametrize(
    ("zones", "judged_as", "record"),
    [
        ("x.test=dns-rfc2136", at_the_name, "_acme-challenge.example.test"),
        ("example.test=dns-rfc2136", at_the_name, None),
        ("x.test=dns-rfc2136, dns-rfc2136", at_the_name, None),
        ("example.test=dns-rfc2136", at_a_target, "record.other.test"),
        ("other.test=dns-rfc2136", at_a_target, None),
        ("example.test=dns-rfc2136", by_a_wildcard, None),
        ("example.test=dns-rfc2136", in_a_loop, None),
    ],
)
def test_a_record_that_no_authenticator_would_make(
    directory: Directory,
    zones: str,
    judged_as: Callable[[], ChallengeOutcome],
    record: str | None,
) -> None:
    directory.make(**{**OURS, "dns_preflight_authenticator": zones})
    problem = map_coverage.problem_of(directory.lineage(), run(judged_as()))
    if record is None:
        assert problem is None
    else:
        assert problem is not None
        assert problem.code is Obstacle.OPTIONS
        assert problem.reason == f"no authenticator is named for {record} ({zones})"


def test_a_name_that_was_not_seen_is_not_judged(directory: Directory) -> None:
    directory.make(**{**OURS, "dns_preflight_authenticator": "x.test=dns-rfc2136"})
    unseen = judged(domain="example.test", hops=())
    assert map_coverage.problem_of(directory.lineage(), run(unseen)) is None
