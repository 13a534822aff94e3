"""Our options survive being saved as text and read back, and loading them loads nothing heavy."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import configobj  # type: ignore[import-untyped] # it has no stubs
import pytest
from certbot import errors

from certbot_dns_preflight import settings
from certbot_dns_preflight.plugin import options
from certbot_dns_preflight.plugin.authenticator import Authenticator

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    Authenticator.inject_parser_options(made, "dns-preflight")
    return made


def read(namespace: argparse.Namespace) -> settings.Settings:
    return options.read(lambda name: getattr(namespace, "dns_preflight_" + name.replace("-", "_")))


def test_defaults_are_the_contracts(parser: argparse.ArgumentParser) -> None:
    assert read(parser.parse_args([])) == settings.Settings()
    assert parser.parse_args([]).dns_preflight_authenticator == "manual"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", "12.5"),
        ("interval", "1"),
        ("confirmations", "3"),
        ("settle", "0"),
        ("query-timeout", "0.5"),
        ("unreachable", "warn"),
        ("on-failure", "continue"),
        ("resolver", "192.0.2.1"),
        ("resolver", "192.0.2.1,2001:db8::1#5353"),
        ("family", "4"),
        ("report", "report, with comma.json"),
        ("root-hints", "named.root"),
    ],
)
def test_a_value_saved_by_certbot_reads_back_as_the_same_setting(
    parser: argparse.ArgumentParser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    value: str,
) -> None:
    (tmp_path / "named.root").touch()
    monkeypatch.chdir(tmp_path)
    dest = "dns_preflight_" + name.replace("-", "_")
    given = parser.parse_args([f"--dns-preflight-{name}", value])
    meant = read(given)
    file = configobj.ConfigObj(encoding="utf-8", default_encoding="utf-8")
    file.filename = str(tmp_path / "renewal.conf")
    file["renewalparams"] = {dest: getattr(given, dest)}
    file.write()

    monkeypatch.chdir("/")
    back: Any = configobj.ConfigObj(file.filename, encoding="utf-8", default_encoding="utf-8")
    kind: Any = next(a.type for a in parser._actions if a.dest == dest)
    restored = parser.parse_args([])
    setattr(restored, dest, kind(back["renewalparams"][dest]))  # as certbot restores

    assert meant != settings.Settings() or value == "0"
    assert read(restored) == meant
    assert getattr(restored, dest) == getattr(given, dest)


def test_paths_are_kept_absolute(
    parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    given = parser.parse_args(["--dns-preflight-report=r.json"])
    assert given.dns_preflight_report == str(tmp_path / "r.json")


def test_resolver_may_be_repeated_and_listed(parser: argparse.ArgumentParser) -> None:
    given = parser.parse_args(
        [
            "--dns-preflight-resolver=192.0.2.1",
            "--dns-preflight-resolver",
            "192.0.2.2, 192.0.2.3#5300",
        ]
    )
    assert [str(r) for r in read(given).resolver] == ["192.0.2.1", "192.0.2.2", "192.0.2.3#5300"]


def test_a_list_that_a_hand_edited_file_makes_of_resolvers_is_taken(
    parser: argparse.ArgumentParser,
) -> None:
    action = next(a for a in parser._actions if a.dest == "dns_preflight_resolver")
    kind: Any = action.type
    assert kind(["192.0.2.1", "192.0.2.2"]) == "192.0.2.1,192.0.2.2"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timeout", "soon", "seconds from 0 to 86400"),
        ("timeout", "-1", "seconds from 0 to 86400"),
        ("confirmations", "0", "a whole number"),
        ("unreachable", "maybe", '"fail" or "warn"'),
        ("resolver", "192.0.2.1,dns.example", "IP addresses"),
        ("family", "5", '"4"'),
        ("confirmations", "1.5", "a whole number"),
        ("resolver", "dns.example", "IP addresses"),
        ("on-failure", "retry", '"abort" or "continue"'),
    ],
)
def test_a_bad_value_is_one_line_with_option_value_and_what_is_accepted(
    parser: argparse.ArgumentParser, name: str, value: str, words: str
) -> None:
    with pytest.raises(errors.PluginError) as raised:
        parser.parse_args([f"--dns-preflight-{name}={value}"])
    message = str(raised.value)
    assert message.startswith(f"--dns-preflight-{name}: '{value}' is not accepted; ")
    assert words in message
    assert "\n" not in message


def test_loading_the_plugin_loads_neither_dnspython_nor_rich_nor_asyncio() -> None:
    code = (
        "import sys, certbot.plugins.common, acme.messages\n"
        "before = set(sys.modules)\n"
        "import certbot_dns_preflight.plugin.authenticator as a, argparse\n"
        "a.Authenticator.inject_parser_options(argparse.ArgumentParser(), 'dns-preflight')\n"
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert "certbot_dns_preflight" in loaded
    assert not loaded & {"dns", "rich", "asyncio", "prometheus_client", "jsonschema"}
