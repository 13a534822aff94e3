"""`dns-preflight renewals` as a process, over configuration directories that certbot made."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import referencing

from certbot_dns_preflight.report import renewals_json
from certbot_dns_preflight.report.json_report import schema
from tests.cli.test_shell import on_a_terminal
from tests.conftest import Certbot, beside_python
from tests.sharing import once

if TYPE_CHECKING:
    from tests.cli.conftest import Command
    from tests.conftest import Ran
    from tests.lab import Lab

pytestmark = [pytest.mark.certbot, pytest.mark.thorough]  # its fixture runs certbot
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")
SCHEMA = renewals_json.schema()
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA,
    registry=referencing.Registry().with_resource(
        "schema-v1.json", referencing.Resource.from_contents(schema())
    ),
)


@pytest.fixture(scope="module")
def issued(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Three lineages that certbot made in three ways, in some worker's lab."""

    def issue() -> dict[str, str]:
        config_dir = issue_three_ways(session_lab, tmp_path_factory)
        return {"config_dir": str(config_dir), "lab": str(session_lab.path)}

    return Issued(**once(tmp_path_factory, "issued", issue))


def issue_three_ways(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    certbot = Certbot(session_lab, tmp_path_factory.mktemp("issued"))
    hook = tmp_path_factory.mktemp("hooks") / "add-and-wait"
    look = f"{beside_python('dns-preflight')} check --wait --quiet"
    hook.write_text(f"""\
#!/bin/sh
{session_lab.auth_hook}
exec {look} --root-hints={session_lab.root_hints} "$CERTBOT_DOMAIN" --expect "$CERTBOT_VALIDATION"
""")
    hook.chmod(0o755)
    for name, options in {
        "wrapped": [
            *certbot.preflight_options,
            *certbot.rfc2136_options,
            *("-d", "example.test", "-d", "*.example.test"),
        ],
        "by-hooks": [
            *("--manual", "--preferred-challenges=dns", "-d", "www.alias.test"),
            f"--manual-auth-hook={hook}",
            f"--manual-cleanup-hook={session_lab.cleanup_hook}",
        ],
        "plugin": [
            "--dns-rfc2136",
            f"--dns-rfc2136-credentials={session_lab.credentials}",
            "--dns-rfc2136-propagation-seconds=10",
            *("-d", "target.test"),
        ],
    }.items():
        ran = certbot("certonly", f"--cert-name={name}", *options)
        assert ran.status == 0, ran.output
    session_lab.wait_synchronous()
    return certbot.config_dir


@dataclass(frozen=True, slots=True)
class Issued:
    """A configuration directory of certbot's, and the lab that its files name."""

    config_dir: str
    lab: str


@dataclass(frozen=True, slots=True)
class Directory:
    """A copy of the configuration directory, which a test may damage."""

    path: Path

    def renewal_file(self, name: str) -> Path:
        return self.path / "renewal" / f"{name}.conf"

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.renewal_file(name)
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def drop(self, *names: str) -> None:
        for name in names:
            self.renewal_file(name).unlink()

    def contents(self) -> dict[str, object]:
        return {
            str(path.relative_to(self.path)): (status.st_mtime_ns, status.st_mode, status.st_size)
            for path in sorted(self.path.rglob("*"))
            for status in [path.lstat()]
        }


@pytest.fixture
def directory(issued: Issued, session_lab: Lab, tmp_path: Path) -> Directory:
    made = Directory(tmp_path / "letsencrypt")
    shutil.copytree(issued.config_dir, made.path, symlinks=True)
    for file in (made.path / "renewal").iterdir():
        text = file.read_text().replace(issued.config_dir, str(made.path))
        file.write_text(text.replace(issued.lab, str(session_lab.path)))
    return made


def first_words(ran: Ran) -> list[tuple[str, str]]:
    """Mark and name of each lineage's line."""
    rows = [line.split() for line in ran.stdout.splitlines()]
    return [(row[0], row[1]) for row in rows if row and row[0] in ("ok", "warn", "FAIL", "?")]


# -- what can pass ---------------------------------------------------------------------------------


def test_every_way_to_prove_by_dns_is_checked_and_nothing_is_touched(
    in_lab: Command, directory: Directory, lab: Lab
) -> None:
    serial, before = lab.primary.serial("example.test."), directory.contents()
    with (directory.path / ".certbot.lock").open("a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        before = directory.contents()
        ran = in_lab("renewals", "--config-dir", directory.path)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == "Ready: all 3 DNS-01 renewals can succeed."
    assert sorted(first_words(ran)) == [("ok", "by-hooks"), ("ok", "plugin"), ("ok", "wrapped")]
    assert "dns-preflight with dns-rfc2136" in ran.stdout
    assert directory.contents() == before
    assert lab.primary.serial("example.test.") == serial


def test_lines_fit_the_page_and_are_one_a_lineage(in_lab: Command, directory: Directory) -> None:
    ran = in_lab("renewals", "--config-dir", directory.path)
    assert len(ran.stdout.splitlines()) == 5
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_options_of_a_lineage_come_from_its_renewal_file(
    command: Command,
    directory: Directory,
    lab: Lab,  # noqa: ARG001 - its servers answer
) -> None:
    """Without --root-hints here, only the file can lead to the lab's root."""
    directory.drop("by-hooks", "plugin")
    ran = command("renewals", "--config-dir", directory.path)
    assert (ran.status, first_words(ran)) == (0, [("ok", "wrapped")])


def test_one_lineage_is_told_in_detail(in_lab: Command, directory: Directory) -> None:
    ran = in_lab("renewals", "--config-dir", directory.path, "--cert-name", "wrapped")
    assert ran.status == 0
    assert "*.example.test" in ran.stdout
    assert str(directory.renewal_file("wrapped")) in ran.stdout
    assert "by-hooks" not in ran.stdout
    assert "8 addresses" in ran.stdout


def test_the_json_is_valid_and_says_the_same(in_lab: Command, directory: Directory) -> None:
    directory.renewal_file("broken").write_text("[renewalparams\n")
    directory.edit("plugin", "authenticator = dns-rfc2136", "authenticator = webroot")
    ran = in_lab("renewals", "--config-dir", directory.path, "--json")
    told = json.loads(ran.stdout)
    VALIDATOR.validate(told)
    assert (ran.status, told["outcome"]) == (1, "not-ready")
    assert told["lineages"][0]["name"] == "broken"
    assert {each["name"]: each["outcome"] for each in told["lineages"]} == {
        "broken": "not-ready",
        "by-hooks": "ready",
        "wrapped": "ready",
    }
    assert told["others"] == [{"name": "plugin", "authenticator": "webroot"}]
    wrapped = next(each for each in told["lineages"] if each["name"] == "wrapped")
    assert wrapped["authenticator"] == "dns-rfc2136"
    assert sorted(wrapped["names"]) == ["*.example.test", "example.test"]
    assert wrapped["days_left"] > 0
    assert [each["domain"] for each in wrapped["challenges"]] == ["example.test"]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_lineage_that_ends_late_is_left_out(in_lab: Command, directory: Directory) -> None:
    none = in_lab("renewals", "--config-dir", directory.path, "--within", "30")
    assert (none.status, first_words(none)) == (0, [])
    assert "ends within 30 days" in none.stdout
    soon = in_lab("renewals", "--config-dir", directory.path, "--within", "9999")
    assert len(first_words(soon)) == 3


# -- what cannot -----------------------------------------------------------------------------------


def test_a_server_that_is_down_comes_first_with_its_name(
    in_lab: Command, directory: Directory, lab: Lab
) -> None:
    lost = lab.daemon("knot")
    lab.delegate("target.test.", [lab.bind, lost])
    lost.kill()
    ran = in_lab("renewals", "--config-dir", directory.path)
    try:
        assert ran.status == 1
        assert ran.stdout.splitlines()[0].startswith("Not ready: 2 of 3 DNS-01 renewals will fail")
        marks = first_words(ran)
        assert [mark for mark, _ in marks] == ["FAIL", "FAIL", "ok"]
        # The alias of www.alias.test leads into target.test.
        assert {name for _, name in marks[:2]} == {"by-hooks", "plugin"}
        assert f"{lost.host.rstrip('.')} does not answer" in ran.stdout
    finally:
        lab.delegate("target.test.", lab.nameservers)


def test_caa_that_names_another_ca_is_told_of_lets_encrypt_alone(
    in_lab: Command, directory: Directory, lab: Lab
) -> None:
    lab.update(lab.primary, "target.test.", add=['target.test. CAA 0 issue "other-ca.example"'])
    lab.wait_synchronous("target.test.")
    unknown = in_lab("renewals", "--config-dir", directory.path, "--cert-name", "plugin")
    assert unknown.status == 0, "nobody knows what Pebble is called in CAA"
    directory.edit("plugin", lab.ca.directory_url, "https://acme-v02.api.letsencrypt.org/directory")
    directory.edit("plugin", "account = ", "# account = ")
    known = in_lab("renewals", "--config-dir", directory.path, "--cert-name", "plugin")
    assert known.status == 1
    assert "caa-forbids" in known.stdout
    given = in_lab(
        *("renewals", "--config-dir", directory.path, "--cert-name", "plugin"),
        "--caa-identity=other-ca.example",
    )
    assert given.status == 0


def test_a_lineage_that_cannot_be_read_stops_no_other(
    in_lab: Command, directory: Directory
) -> None:
    live = directory.path / "live" / "plugin" / "cert.pem"
    live.unlink()
    live.symlink_to("../../archive/plugin/cert9.pem")
    directory.renewal_file("nonsense").write_bytes(b"\xff\xfe [\x1b[31m\n")
    directory.renewal_file("empty").write_text("")
    directory.edit("by-hooks", "cert = ", "no-cert = ")
    ran = in_lab("renewals", "--config-dir", directory.path)
    assert ran.status == 1
    assert first_words(ran)[-1] == ("ok", "wrapped")
    assert {name for mark, name in first_words(ran) if mark == "FAIL"} == {
        "by-hooks",
        "empty",
        "nonsense",
        "plugin",
    }
    assert "\x1b" not in ran.stdout
    words = " ".join(ran.stdout.split())
    assert f"{live} is a link to nothing (lineage-broken). fix " in words
    assert "has no [renewalparams] section (lineage-broken)." in words
    assert ran.stdout.splitlines()[-1] == "More about one: --cert-name NAME"
    shown = on_a_terminal(in_lab, "renewals", "--config-dir", str(directory.path))
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.splitlines()]
    assert max(map(len, lines)) <= 80
    assert len(lines) == 9, "one line a lineage"
    assert any("cert.pem is a link to nothing" in line for line in lines)
    assert any("its renewal file has no [renewalparams] section" in line for line in lines)
    details = in_lab("renewals", "--config-dir", directory.path, "--cert-name=plugin").stdout
    assert "is a link to nothing" in " ".join(details.split())


def test_a_value_that_certbot_would_refuse_is_told(in_lab: Command, directory: Directory) -> None:
    directory.edit("wrapped", "[renewalparams]", "[renewalparams]\ndns_preflight_timeout = soon")
    ran = in_lab("renewals", "--config-dir", directory.path, "--cert-name", "wrapped")
    assert ran.status == 1
    assert "--dns-preflight-timeout: 'soon' is not accepted" in " ".join(ran.stdout.split())


def test_what_may_not_be_read_is_inconclusive(in_lab: Command, directory: Directory) -> None:
    """Renewal files are for everybody, certificates for root alone: so certbot leaves them."""
    for name in ("live", "archive"):
        (directory.path / name).chmod(0o000)
    done = subprocess.run(
        [*UNPRIVILEGED, *in_lab.line("renewals", "--config-dir", directory.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    for name in ("live", "archive"):
        (directory.path / name).chmod(0o700)
    assert done.returncode == 3, done.stderr
    assert done.stdout.splitlines()[0] == "Cannot tell: 3 of 3 renewals could not be checked."
    assert done.stdout.count("no permission to look at") == 1  # the same for all of them
    assert "names by-hooks, plugin, wrapped" in " ".join(done.stdout.split())


def test_files_of_certbots_that_may_not_be_seen_are_named(
    in_lab: Command, directory: Directory, lab: Lab, tmp_path: Path
) -> None:
    """They may be in order: the DNS is checked, and nobody is told that certbot can use them."""
    private = tmp_path / "private"
    private.mkdir()
    hook, credentials = private / "hook", private / "rfc2136.ini"
    shutil.copy(lab.credentials, credentials)
    shutil.copy(lab.auth_hook, hook)
    directory.edit("by-hooks", "manual_auth_hook = ", f"manual_auth_hook = {hook} # ")
    directory.edit("wrapped", str(lab.credentials), str(credentials))
    run = in_lab.line("renewals", "--config-dir", directory.path)
    private.chmod(0o000)
    shown, as_json = (
        subprocess.run([*UNPRIVILEGED, *line], capture_output=True, text=True, check=False)
        for line in (run, [*run, "--json"])
    )
    private.chmod(0o700)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert (
        f"Not checked for lack of permission: {hook}, {credentials} (no-permission). Run this as "
        "root, or as a user who may look there."
    ) in " ".join(shown.stdout.split())
    notes = {each["name"]: each["notes"] for each in json.loads(as_json.stdout)["lineages"]}
    unchecked = "no permission to look at {}: whether certbot can use it was not checked"
    assert notes == {
        "by-hooks": [f"{unchecked.format(hook)} (no-permission)"],
        "plugin": [],
        "wrapped": [f"{unchecked.format(credentials)} (no-permission)"],
    }


def test_a_map_without_the_names_zone_cannot_pass(in_lab: Command, directory: Directory) -> None:
    directory.edit(
        *("wrapped", "dns_preflight_authenticator = dns-rfc2136"),
        "dns_preflight_authenticator = x.test=dns-rfc2136",
    )
    found = problem(in_lab, directory, "wrapped")
    assert found["code"] == "options-not-accepted"
    assert found["summary"] == (
        "no authenticator is named for _acme-challenge.example.test (x.test=dns-rfc2136)"
    )


def test_a_directory_that_may_not_be_read_is_inconclusive(
    in_lab: Command, directory: Directory, tmp_path: Path
) -> None:
    report, file = tmp_path / "renewals.json", tmp_path / "renewals.prom"
    run = ("renewals", "--config-dir", directory.path, "--metrics", file, "--report", report)
    assert in_lab(*run).status == 0
    before = file.read_text()
    (directory.path / "renewal").chmod(0o000)
    done = subprocess.run(
        [*UNPRIVILEGED, *in_lab.line(*run)], capture_output=True, text=True, check=False
    )
    (directory.path / "renewal").chmod(0o755)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("Cannot tell: no permission to read")
    told = json.loads(report.read_text())
    VALIDATOR.validate(told)
    assert (told["outcome"], told["lineages"]) == ("inconclusive", [])
    assert told["problem"]["kind"] == "denied"
    after = file.read_text()
    lines = after.splitlines()
    assert 'dns_preflight_renewal_can_pass{lineage="wrapped"} 0.0' in lines
    inconclusive = 'outcome{lineage="wrapped",outcome="inconclusive"} 1.0'
    assert f"dns_preflight_renewal_{inconclusive}" in lines
    for kept in ("_expiry_", "renewals_last_run", "renewal_last_success"):
        assert [line for line in before.splitlines() if kept in line] == [
            line for line in lines if kept in line
        ]


def without_coverage() -> dict[str, str]:
    """The environment of a user who may not write here, where coverage would leave its data."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def test_the_rights_of_the_systemd_unit_are_enough(in_lab: Command, directory: Directory) -> None:
    """A user like any other, but for one capability (AmbientCapabilities in the unit)."""
    for name in ("live", "archive", "accounts"):
        (directory.path / name).chmod(0o700)
    rights = ["--reuid=65534", "--regid=65534", "--clear-groups"]
    one = "-all,+dac_read_search"
    rights += [f"--inh-caps={one}", f"--ambient-caps={one}", f"--bounding-set={one}"]
    done = subprocess.run(
        ["setpriv", *rights, "--", *in_lab.line("renewals", "--config-dir", directory.path)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=without_coverage(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Ready: all 3 DNS-01 renewals can succeed.")


def test_without_a_way_to_the_dns_nothing_is_said_of_it(
    command: Command, directory: Directory, lab: Lab, tmp_path: Path
) -> None:
    nobody, _ = lab.addresses()
    hints = tmp_path / "hints"
    hints.write_text(f". 3600 IN NS nobody.test.\nnobody.test. 3600 IN A {nobody}\n")
    ran = command(
        *("renewals", "--config-dir", directory.path),
        *(f"--root-hints={hints}", "--query-timeout=2", "--family=4"),
    )
    assert ran.status == 3
    assert {mark for mark, _ in first_words(ran)} == {"?"}


# -- what certbot itself cannot begin with --------------------------------------------------------


def problem(in_lab: Command, directory: Directory, name: str, **variables: str) -> dict[str, str]:
    run = ("renewals", "--config-dir", directory.path, "--cert-name", name, "--json")
    ran = in_lab(*run, **variables)
    assert ran.status == 1
    checked = json.loads(ran.stdout)
    VALIDATOR.validate(checked)
    (lineage,) = checked["lineages"]
    assert (lineage["outcome"], lineage["challenges"]) == ("not-ready", [])
    found: dict[str, str] = lineage["problem"]
    assert found["kind"] == "broken"
    assert found["remedy"]
    return found


@pytest.mark.skipif(Path("/snap/bin/certbot").exists(), reason="another certbot may have it")
def test_a_plugin_that_is_not_installed(in_lab: Command, directory: Directory) -> None:
    directory.edit("plugin", "authenticator = dns-rfc2136", "authenticator = dns-nowhere")
    directory.edit(
        *("wrapped", "dns_preflight_authenticator = dns-rfc2136"),
        "dns_preflight_authenticator = dns-rfc2136, example.net=corp:dns-nowhere",
    )
    for name, plugin, package in (
        ("plugin", "dns-nowhere", "certbot-dns-nowhere"),
        ("wrapped", "corp:dns-nowhere", "corp"),
    ):
        found = problem(in_lab, directory, name, PATH=str(Path(sys.executable).parent))
        assert found["code"] == "plugin-missing"
        assert found["summary"] == f"the plugin {plugin} is not installed in {sys.prefix}"
        assert f"(pip install {package})" in found["remedy"]


def test_another_certbot_may_have_the_plugin(
    in_lab: Command, directory: Directory, tmp_path: Path
) -> None:
    directory.edit("plugin", "authenticator = dns-rfc2136", "authenticator = dns-nowhere")
    other = tmp_path / "certbot"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    ran = in_lab(
        *("renewals", "--config-dir", directory.path, "--cert-name=plugin", "--json"),
        PATH=f"{tmp_path}:{os.environ['PATH']}",
    )
    (lineage,) = json.loads(ran.stdout)["lineages"]
    assert (ran.status, lineage["problem"]) == (0, None)
    assert f"whether {other} has the plugin dns-nowhere was not checked" in lineage["notes"][0]


def test_a_hook_that_is_gone_or_not_executable(
    in_lab: Command, directory: Directory, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    directory.edit("by-hooks", "manual_auth_hook = ", f"manual_auth_hook = {hook} # ")
    found = problem(in_lab, directory, "by-hooks")
    assert (found["code"], found["summary"]) == ("hook-unusable", f"the hook {hook} is gone")
    hook.touch(mode=0o644)
    assert problem(in_lab, directory, "by-hooks")["summary"].endswith("is not executable")
    hook.chmod(0o755)
    ran = in_lab("renewals", "--config-dir", directory.path, "--cert-name", "by-hooks")
    assert ran.status == 0
    directory.edit("by-hooks", f"manual_auth_hook = {hook}", "manual_auth_hook = no-such-hook -x")
    assert (
        "no-such-hook is in no directory of the PATH"
        in problem(in_lab, directory, "by-hooks")["summary"]
    )
    directory.edit("by-hooks", "manual_auth_hook = ", "# manual_auth_hook = ")
    assert "manual has no --manual-auth-hook" in problem(in_lab, directory, "by-hooks")["summary"]


def test_a_cleanup_hook_counts_too(in_lab: Command, directory: Directory) -> None:
    directory.edit("by-hooks", "manual_cleanup_hook = ", "manual_cleanup_hook = /gone # ")
    found = problem(in_lab, directory, "by-hooks")
    assert found["summary"] == "the hook /gone is gone"
    assert "--manual-cleanup-hook" in found["remedy"]


@pytest.mark.parametrize("name", ["plugin", "wrapped"])
def test_credentials_that_are_gone(in_lab: Command, directory: Directory, name: str) -> None:
    directory.edit(name, "dns_rfc2136_credentials = ", "dns_rfc2136_credentials = /gone.ini # ")
    found = problem(in_lab, directory, name)
    assert found["code"] == "credentials-missing"
    assert found["summary"] == "the credentials file /gone.ini is gone"
    assert "--dns-rfc2136-credentials FILE" in found["remedy"]


@pytest.mark.parametrize("item", ["cert", "privkey", "chain", "fullchain"])
def test_live_links_that_are_plain_files(in_lab: Command, directory: Directory, item: str) -> None:
    link = directory.path / "live" / "wrapped" / f"{item}.pem"
    content = link.read_bytes()
    link.unlink()
    link.write_bytes(content)
    found = problem(in_lab, directory, "wrapped")
    assert found["code"] == "links-replaced"
    assert found["summary"].startswith(f"{link} is a file of its own")
    assert f"ln -sf ../../archive/wrapped/{item}N.pem {link}" in found["remedy"]


def test_a_mail_has_the_whole_reason_with_code_and_fix(
    in_lab: Command, directory: Directory, lab: Lab
) -> None:
    directory.edit("plugin", "dns_rfc2136_credentials = ", "dns_rfc2136_credentials = /gone.ini # ")
    lab.update(lab.primary, "example.test.", add=['example.test. CAA 0 issue "other-ca.example"'])
    lab.wait_synchronous()
    ran = in_lab("renewals", "--config-dir", directory.path, "--caa-identity=letsencrypt.org")
    words = " ".join(ran.stdout.split())
    assert ran.status == 1
    assert "the credentials file /gone.ini is gone (credentials-missing). fix Put it back" in words
    assert re.search(r"cause CAA[^(]*\(caa-forbids\)\. fix ", words)
    assert "..." not in ran.stdout


# -- formats ---------------------------------------------------------------------------------------


def test_failing_only_shows_what_cannot_pass(in_lab: Command, directory: Directory) -> None:
    directory.edit("plugin", "dns_rfc2136_credentials = ", "dns_rfc2136_credentials = /gone.ini # ")
    run = ("renewals", "--config-dir", directory.path, "--failing-only")
    ran = in_lab(*run)
    assert (ran.status, first_words(ran)) == (1, [("FAIL", "plugin")])
    assert "wrapped" not in ran.stdout
    checked = json.loads(in_lab(*run, "--json").stdout)
    VALIDATOR.validate(checked)
    assert [each["name"] for each in checked["lineages"]] == ["plugin"]
    (line,) = in_lab(*run, "--jsonl").stdout.splitlines()
    assert json.loads(line) == checked["lineages"][0]
    assert len(in_lab(*run[:3], "--format=jsonl").stdout.splitlines()) == 3


def test_failing_only_of_nothing_is_the_answer_alone(in_lab: Command, directory: Directory) -> None:
    ran = in_lab("renewals", "--config-dir", directory.path, "--failing-only")
    assert (ran.status, ran.stdout) == (0, "Ready: all 3 DNS-01 renewals can succeed.\n")


def test_nagios_has_the_figures(in_lab: Command, directory: Directory) -> None:
    run = ("renewals", "--config-dir", directory.path, "--format=nagios")
    good = in_lab(*run)
    assert (good.status, good.stderr) == (0, "")
    assert re.fullmatch(
        r"DNS-PREFLIGHT OK: all 3 DNS-01 renewals can succeed\. \| "
        r"time=[0-9.]+s;;;0 lineages=3;;;0 ready=3;;;0;3 not_ready=0;;;0;3 inconclusive=0;;;0;3 "
        r"warnings=0;;;0 days_left=[0-9]+\n",
        good.stdout,
    )
    directory.edit("plugin", "dns_rfc2136_credentials = ", "dns_rfc2136_credentials = /gone.ini # ")
    bad = in_lab(*run)
    assert bad.status == 2
    first, second, third, *_ = bad.stdout.splitlines()
    assert first.startswith("DNS-PREFLIGHT CRITICAL: 1 of 3 DNS-01 renewals will fail. | ")
    assert second == "plugin: the credentials file /gone.ini is gone (credentials-missing)"
    assert third.startswith("  fix: Put it back")


def test_a_page_of_renewals(in_lab: Command, directory: Directory, tmp_path: Path) -> None:
    directory.edit("plugin", "dns_rfc2136_credentials = ", "dns_rfc2136_credentials = /<b>.ini # ")
    report = tmp_path / "renewals.html"
    run = ("renewals", "--config-dir", directory.path, f"--report={report}", "--format=html")
    ran = in_lab(*run)
    assert ran.status == 1
    for page in (ran.stdout, report.read_text()):
        assert page.startswith("<!DOCTYPE html>")
        assert "<b>" not in page
        assert "the credentials file /&lt;b&gt;.ini is gone" in page
        found = re.search(r'id="report">(.*)</script>', page, re.DOTALL)
        assert found is not None
        VALIDATOR.validate(json.loads(found[1]))


# -- misuse ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--config-dir", "/nonexistent"), "is no configuration directory of certbot"),
        (("--within", "soon"), "is not a whole number of days"),
        (("--within", "-1"), "is not a whole number of days"),
    ],
)
def test_misuse_is_one_line(command: Command, arguments: tuple[str, ...], said: str) -> None:
    ran = command("renewals", *(f"{a}={b}" for a, b in [arguments]))
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_lineage_that_is_not_there_is_misuse(command: Command, directory: Directory) -> None:
    ran = command("renewals", "--config-dir", directory.path, "--cert-name", "nope")
    assert (ran.status, ran.stdout) == (2, "")
    assert "no lineage 'nope'" in ran.stderr


def test_a_directory_without_lineages_is_in_order(command: Command, tmp_path: Path) -> None:
    (tmp_path / "renewal").mkdir()
    ran = command("renewals", "--config-dir", tmp_path)
    assert ran.status == 0
    assert ran.stdout.startswith("Nothing to check")


# -- odd names and readers -------------------------------------------------------------------------


def test_an_odd_name_of_a_renewal_file_costs_nothing(
    in_lab: Command, directory: Directory, tmp_path: Path
) -> None:
    directory.drop("by-hooks", "plugin")
    text = directory.renewal_file("wrapped").read_bytes()
    folder = os.fsencode(directory.path / "renewal")
    for name in (b"odd\xff\x1b[31m", b"back\\slash", b"xn--bcher-kva.example"):
        with open(folder + b"/" + name + b".conf", "wb") as file:  # noqa: PTH123 - bytes
            file.write(text)
    metrics = tmp_path / "renewals.prom"
    run = ("renewals", "--config-dir", directory.path, "--metrics", metrics)
    ran = in_lab(*run, PYTHONIOENCODING="utf-8")
    assert (ran.status, ran.stderr) == (0, "")
    assert r"odd\255\027[31m" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "xn--bcher-kva.example is bücher.example."
    told = metrics.read_text()
    assert "\x1b" not in told
    for label in (r"odd\\255\\027[31m", r"back\\092slash", "wrapped"):
        assert f'dns_preflight_renewal_can_pass{{lineage="{label}"}} 1.0' in told.splitlines()


@pytest.mark.parametrize("form", ["", "--json"])
def test_report_and_metrics_are_written_whoever_reads_the_output(
    in_lab: Command, directory: Directory, tmp_path: Path, form: str
) -> None:
    report, metrics = tmp_path / "renewals.json", tmp_path / "renewals.prom"
    options = ("--config-dir", directory.path, f"--report={report}", f"--metrics={metrics}")
    line = in_lab.line("renewals", *options, *([form] if form else []))
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert json.loads(report.read_text())["outcome"] == "ready"
    assert 'can_pass{lineage="plugin"} 1.0' in metrics.read_text()


# -- metrics ---------------------------------------------------------------------------------------


def test_metrics_are_kept_a_lineage_each_and_forget_those_that_are_gone(
    in_lab: Command, directory: Directory, tmp_path: Path
) -> None:
    file = tmp_path / "renewals.prom"
    directory.renewal_file("broken").write_text("[")
    run = ("renewals", "--config-dir", directory.path, "--metrics", file)
    assert in_lab(*run, "--quiet").status == 1
    lines = file.read_text().splitlines()
    assert 'dns_preflight_renewal_can_pass{lineage="broken"} 0.0' in lines
    assert 'dns_preflight_renewal_can_pass{lineage="wrapped"} 1.0' in lines
    assert any("certificate_expiry" in line and '"wrapped"' in line for line in lines)
    directory.drop("broken", "plugin")
    assert in_lab(*run, "--cert-name", "wrapped").status == 0
    assert '"plugin"' in file.read_text(), "one lineage says nothing of the others"
    assert in_lab(*run).status == 0
    assert '"plugin"' not in file.read_text()
    assert '"broken"' not in file.read_text()
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o644  # noqa: PTH116 - the mode alone
