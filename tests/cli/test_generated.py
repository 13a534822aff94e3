"""What is made from the parser and shipped: current, accepted by its readers, and of use."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certbot_dns_preflight.cli import commands
from certbot_dns_preflight.cli.generate import completion, man_pages, outline
from certbot_dns_preflight.codes import Code
from tests.observe import HANG

CONTRIB = Path(__file__).parents[2] / "contrib"
BASH = CONTRIB / "completion" / "dns-preflight.bash"
ZSH = CONTRIB / "completion" / "_dns-preflight"
FISH = CONTRIB / "completion" / "dns-preflight.fish"
PAGES = sorted((CONTRIB / "man").glob("*.1"))
COMMANDS = [command.name for command in outline.of_parser(commands.make_parser()).commands]
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


@pytest.mark.parametrize(("shell", "file"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_completion_is_current(shell: str, file: Path) -> None:
    made = output(sys.executable, "-m", completion.__name__, shell)
    assert made == file.read_text(), OUTDATED


def test_man_pages_are_current(tmp_path: Path) -> None:
    output(sys.executable, "-m", man_pages.__name__, tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in PAGES}, OUTDATED
    assert set(made) == {"dns-preflight.1", *(f"dns-preflight-{name}.1" for name in COMMANDS)}


def test_the_shell_must_be_one_of_the_three() -> None:
    done = subprocess.run(
        [sys.executable, "-m", completion.__name__, "tcsh"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


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
        zpty -w z 'PS1=; fpath=({CONTRIB}/completion $fpath); autoload -U compinit'
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
    told = [line for line in done.stdout.splitlines() if "missing date" not in line]
    assert told == []


def test_a_man_page_reads_as_the_help_does() -> None:
    man = needed("man")
    page = CONTRIB / "man" / "dns-preflight-renewals.1"
    shown = output(man, "--warnings", "-l", page, MANWIDTH="80", MANPAGER="cat", LC_ALL="C.UTF-8")
    assert "dns-preflight-renewals - look whether certbot's next renewals can pass" in shown
    for words in ("--cert-name NAME", "--within DAYS", "--root-hints FILE", "EXIT STATUS"):
        assert words in shown


def test_systemd_finds_nothing_wrong_with_the_units() -> None:
    analyze = needed("systemd-analyze")
    units = sorted((CONTRIB / "systemd").iterdir())
    assert [unit.suffix for unit in units] == [".service", ".timer"]
    assert output(analyze, "verify", *units) == ""


# -- systemd ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["service", "timer"])
def test_the_documentation_has_the_units_as_they_are(unit: str) -> None:
    text = (CONTRIB / "systemd" / f"dns-preflight-renewals.{unit}").read_text()
    assert f"```ini\n{text}```\n" in (CONTRIB.parent / "docs" / "renewals.md").read_text()
