"""What is made from the parser and shipped: current, accepted by its readers, and of use."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.cli.commands import NAMES as COMMANDS
from certbot_dns_preflight.codes import Code
from tests.observe import HANG
from tools import generate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

CONTRIB = generate.ROOT / "contrib"
BASH = generate.DATA / "dns-preflight.bash"
ZSH = generate.DATA / "_dns-preflight"
FISH = generate.DATA / "dns-preflight.fish"
PAGES = sorted(generate.MAN.glob("*.1"))
OUTDATED = "run script/generate"


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def output(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANG,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


# -- current ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", generate.files(), ids=lambda file: file.name)
def test_what_is_generated_is_current(file: Path) -> None:
    assert file.read_text("utf-8") == generate.files()[file], OUTDATED


def test_every_command_has_a_man_page_and_nothing_else_has() -> None:
    assert {page.name for page in PAGES} == {
        "dns-preflight.1",
        *(f"dns-preflight-{name}.1" for name in COMMANDS),
    }


@pytest.mark.parametrize(("shell", "file"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_the_command_prints_its_completion(command: Command, shell: str, file: Path) -> None:
    ran = command("completion", shell)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout == file.read_text()


@pytest.mark.parametrize("arguments", [["tcsh"], []])
def test_the_shell_must_be_one_of_the_three(command: Command, arguments: list[str]) -> None:
    ran = command("completion", *arguments)
    assert (ran.status, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
    assert "bash" in ran.stderr


@pytest.mark.slow
def test_a_wheel_holds_the_data_and_none_of_the_tools(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(generate.ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("certbot_dns_preflight", "tools"):
        shutil.copytree(generate.ROOT / name, source / name, ignore=ignored)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    output(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    data = [file for file in generate.files() if file.is_relative_to(generate.DATA)]
    schemas = (generate.ROOT / "certbot_dns_preflight").rglob("*.json")
    assert packed >= {str(file.relative_to(generate.ROOT)) for file in [*data, *schemas]}
    assert "certbot_dns_preflight/py.typed" in packed
    assert {name.partition("/")[0] for name in packed} == {
        "certbot_dns_preflight",
        wheel.name.split("-py3")[0] + ".dist-info",
    }


# -- bash ------------------------------------------------------------------------------------------


def in_bash(*words: str, directory: Path | None = None) -> set[str]:
    """Complete the last word, as readline would have bash do it."""
    line = " ".join(shlex.quote(word) for word in words)
    script = f"""
        cd {shlex.quote(str(directory or "/"))}
        source {shlex.quote(str(BASH))}
        COMP_WORDS=({line})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        $(complete -p dns-preflight | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return set(output("bash", "--norc", "-c", script).split())


def test_bash_completes_commands() -> None:
    assert in_bash("dns-preflight", "") >= {*COMMANDS, "--help", "--version"}
    assert in_bash("dns-preflight", "ch") == {"check"}


def test_bash_completes_the_options_of_a_command() -> None:
    assert in_bash("dns-preflight", "renewals", "--cert") == {"--cert-name"}
    assert "--cert-name" not in in_bash("dns-preflight", "check", "--")
    assert "--root-hints" in in_bash("dns-preflight", "check", "a.example", "--r")


def test_bash_completes_words_after_a_blank_or_a_sign() -> None:
    assert in_bash("dns-preflight", "check", "--unreachable", "") == {"fail", "warn"}
    assert in_bash("dns-preflight", "check", "--unreachable", "=") == {"fail", "warn"}
    assert in_bash("dns-preflight", "check", "--unreachable", "=", "w") == {"warn"}


def test_bash_completes_codes_one_after_the_other() -> None:
    assert in_bash("dns-preflight", "explain", "") == set(Code)
    assert in_bash("dns-preflight", "check", "--skip", "caa-f") == {"caa-forbids"}
    assert in_bash("dns-preflight", "check", "--skip", "rate-limited,caa-f") == {
        "rate-limited,caa-forbids"
    }


def test_bash_completes_files_and_directories(tmp_path: Path) -> None:
    (tmp_path / "hints").touch()
    (tmp_path / "house").mkdir()
    assert in_bash("dns-preflight", "check", "--root-hints", "h", directory=tmp_path) == {
        "hints",
        "house",
    }
    assert in_bash("dns-preflight", "renewals", "--config-dir", "h", directory=tmp_path) == {
        "house"
    }


def test_bash_offers_no_options_where_a_value_is_due() -> None:
    assert in_bash("dns-preflight", "check", "--timeout", "") == set()


# -- zsh and fish ----------------------------------------------------------------------------------


def test_zsh_accepts_it_and_completes(tmp_path: Path) -> None:
    """Type into a zsh of its own, and read what it lists."""
    zsh = needed("zsh")
    output(zsh, "-n", ZSH)
    script = f"""
        zmodload zsh/zpty
        zpty z {zsh} -f -i
        zpty -w z 'PS1=; fpath=({ZSH.parent} $fpath); autoload -U compinit'
        zpty -w z 'compinit -u -d {tmp_path}/dump; print rea''dy'
        zpty -r z out $'*ready\\r\\n*'
        zpty -w -n z $'dns-preflight renewals --cert\\t'
        zpty -r -m z more '*--cert-name*' && print completed
        zpty -d z
    """
    assert "completed" in output(zsh, "-f", "-c", script, TERM="dumb", HOME=str(tmp_path))


def test_fish_accepts_it_and_completes(tmp_path: Path) -> None:
    fish = needed("fish")

    def completed(line: str) -> set[str]:
        script = f"source {FISH}; complete -C {shlex.quote(line)}"
        lines = output(fish, "--no-config", "-c", script, HOME=str(tmp_path)).splitlines()
        return {line.partition("\t")[0] for line in lines}

    assert completed("dns-preflight ") == set(COMMANDS)
    assert completed("dns-preflight renewals --cert") == {"--cert-name"}
    assert completed("dns-preflight check --unreachable ") == {"fail", "warn"}
    assert completed("dns-preflight explain caa") == {"caa-forbids", "caa-unanswerable"}
    assert completed("dns-preflight check --skip rate-limited,caa-f") == {
        "rate-limited,caa-forbids"
    }


# -- man pages and units ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_man_page_is_well_formed(page: Path) -> None:
    mandoc = needed("mandoc")
    done = subprocess.run(
        [mandoc, "-T", "lint", page], capture_output=True, text=True, check=False, timeout=HANG
    )
    # No date: it would have to change though nothing else did.
    complaints = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert complaints == []


def test_a_man_page_reads_as_the_help_does() -> None:
    man = needed("man")
    page = CONTRIB / "man" / "dns-preflight-renewals.1"
    shown = output(man, "--warnings", "-l", page, MANWIDTH="80", MANPAGER="cat", LC_ALL="C.UTF-8")
    assert "dns-preflight-renewals - check whether certbot's renewals can succeed" in shown
    for words in ("--cert-name NAME", "--within DAYS", "--root-hints FILE", "EXIT STATUS"):
        assert words in shown


def test_systemd_finds_nothing_wrong_with_the_units() -> None:
    analyze = needed("systemd-analyze")
    units = sorted((CONTRIB / "systemd").iterdir())
    assert [unit.suffix for unit in units] == [".service", ".timer", ".service"]
    assert output(analyze, "verify", *units) == ""


# -- systemd ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "page"),
    [
        ("dns-preflight-renewals.service", "check-renewals.md"),
        ("dns-preflight-renewals.timer", "check-renewals.md"),
        ("notify-failure@.service", "failures.md"),
    ],
)
def test_the_documentation_has_the_units_as_they_are(unit: str, page: str) -> None:
    text = (CONTRIB / "systemd" / unit).read_text()
    assert f"```ini\n{text}```\n" in (CONTRIB.parent / "docs" / "how-to" / page).read_text()
