"""Options of the wrapped authenticator come back with the types that its plugin declared."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import configobj  # type: ignore[import-untyped] # it has no stubs
import pytest
from certbot import errors

from certbot_dns_preflight.plugin import restore_options
from certbot_dns_preflight.renewals import renewal_file
from tests.plugin.made import config, install

if TYPE_CHECKING:
    from pathlib import Path

# Its prefix, dns_, begins every DNS plugin's: ours too.
SOURCE = """
from certbot import interfaces
from certbot.plugins import common

class Plugin(common.Plugin, interfaces.Authenticator):
    description = "a provider"

    @classmethod
    def add_parser_arguments(cls, add):
        add("seconds", type=int)
        add("ratio", type=float)
        add("flag", action="store_true")
        add("verbose-count", action="count")
        add("zone", action="append")
        add("ports", nargs="+", type=int)
        add("hook")
        add("lower", type=str.lower)

    def prepare(self): pass
    def more_info(self): return ""
    def get_chall_pref(self, identifier): return []
    def perform(self, achalls): return []
    def cleanup(self, achalls): pass
"""


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, tmp_path, "dns-all-kinds", SOURCE)


def saved(directory: Path, **values: Any) -> None:
    """Write a renewal file as certbot does."""
    path = directory / "renewal" / "example.test.conf"
    path.parent.mkdir(exist_ok=True)
    file = configobj.ConfigObj(encoding="utf-8", default_encoding="utf-8")
    file.filename = str(path)
    file["renewalparams"] = {"authenticator": "dns-preflight", **values}
    file.write()


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("seconds", 30),
        ("ratio", 0.5),
        ("flag", True),
        ("flag", False),
        ("verbose_count", 2),
        ("zone", ["a.test"]),
        ("zone", ["a.test", "b.test"]),
        ("ports", [53, 5353]),
        ("hook", "/bin/hook 'a b' \"c\", d # e"),
        ("hook", " spaced "),
        ("hook", "naïve ☃"),
        ("hook", None),
        ("hook", "None of these"),
        ("undeclared", "set at run time"),
        ("undeclared", ["a", "b"]),
    ],
)
def test_what_certbot_saved_comes_back_equal_and_counts_as_set(
    tmp_path: Path, item: str, value: object
) -> None:
    dest = f"dns_all_kinds_{item}"
    saved(tmp_path, **{dest: value})
    default: dict[str, Any] = {dest: "default"}
    restored = config(tmp_path, certname="example.test", **default)
    restore_options.restore(restored, ["dns-all-kinds"])
    assert getattr(restored, dest) == value
    assert restored.set_by_user(dest)


def test_what_the_user_gave_stays(tmp_path: Path) -> None:
    saved(tmp_path, dns_all_kinds_hook="saved")
    given = config(
        tmp_path, given=("dns_all_kinds_hook",), certname="example.test", dns_all_kinds_hook="given"
    )
    restore_options.restore(given, ["dns-all-kinds"])
    assert given.dns_all_kinds_hook == "given"


def test_a_comma_that_nobody_quoted_makes_no_list_of_a_hook(tmp_path: Path) -> None:
    path = tmp_path / "renewal" / "example.test.conf"
    path.parent.mkdir()
    path.write_text(
        "[renewalparams]\nauthenticator = dns-preflight\ndns_all_kinds_hook = /bin/hook a, b\n"
    )
    restored = config(tmp_path, certname="example.test")
    restore_options.restore(restored, ["dns-all-kinds"])
    assert restored.dns_all_kinds_hook == "/bin/hook a, b"


def test_a_list_with_its_last_comma_removed_is_a_list_still(tmp_path: Path) -> None:
    saved(tmp_path, dns_all_kinds_zone="a.test")
    restored = config(tmp_path, certname="example.test")
    restore_options.restore(restored, ["dns-all-kinds"])
    assert restored.dns_all_kinds_zone == ["a.test"]


def test_other_plugins_options_are_left_alone(tmp_path: Path) -> None:
    saved(tmp_path, dns_all_kinds_hook="h", manual_auth_hook="m", dns_preflight_timeout="9")
    restored = config(tmp_path, certname="example.test")
    restore_options.restore(restored, ["dns-all-kinds"])
    assert not hasattr(restored, "manual_auth_hook")
    assert not hasattr(restored, "dns_preflight_timeout")


def test_a_value_of_the_wrong_type_is_told_with_file_and_item(tmp_path: Path) -> None:
    saved(tmp_path, dns_all_kinds_seconds="soon")
    with pytest.raises(errors.PluginError) as raised:
        restore_options.restore(config(tmp_path, certname="example.test"), ["dns-all-kinds"])
    message = str(raised.value)
    assert "example.test.conf: dns_all_kinds_seconds = 'soon' is not accepted" in message
    assert "\n" not in message


def test_an_identifier_is_given_once_and_counts_as_set(tmp_path: Path) -> None:
    marked = config(tmp_path)
    restore_options.mark(marked)
    first = restore_options.identifier(marked)
    restore_options.mark(marked)
    assert first
    assert restore_options.identifier(marked) == first
    assert marked.set_by_user(renewal_file.IDENTIFIER)
