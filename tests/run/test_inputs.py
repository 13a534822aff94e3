"""What is read before a run: root hints and trust anchors, and which of them fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.dnssec import anchors
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.option_values import Recursive
from certbot_dns_preflight.resolve import root_hints
from certbot_dns_preflight.run import inputs
from certbot_dns_preflight.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

DS = ". IN DS 12345 13 2 " + "ab" * 32


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "private").write_text(". NS ns.corp.test.\nns.corp.test. A 192.0.2.1\n")
    (tmp_path / "public").write_text(". NS a.root-servers.net.\na.root-servers.net. A 198.41.0.4\n")
    (tmp_path / "anchor").write_text(DS + "\n")
    (tmp_path / "bad").write_text("nothing\n")
    return tmp_path


def test_without_files_both_are_built_in() -> None:
    read = inputs.load(Settings())
    assert read == inputs.Inputs(root_hints.builtin(), anchors.builtin())


def test_the_public_roots_keys_say_nothing_of_another_root_or_behind_a_resolver(
    files: Path,
) -> None:
    assert inputs.load(Settings(root_hints=files / "private")).anchors is None
    assert inputs.load(Settings(resolver=(Recursive("192.0.2.1", 53),))).anchors is None
    assert inputs.load(Settings(root_hints=files / "public")).anchors == anchors.builtin()


def test_an_anchor_of_ones_own_goes_anywhere(files: Path) -> None:
    for settings in (
        Settings(root_hints=files / "private", trust_anchor=files / "anchor"),
        Settings(resolver=(Recursive("192.0.2.1", 53),), trust_anchor=files / "anchor"),
    ):
        (anchor,) = inputs.load(settings).anchors or ()
        assert anchor.key_tag == 12345


@pytest.mark.parametrize(
    ("option", "what"),
    [("root-hints", "holds no root hints"), ("trust-anchor", "holds no trust anchor")],
)
def test_a_bad_file_is_told_by_its_option(files: Path, option: str, what: str) -> None:
    settings = Settings(**{option.replace("-", "_"): files / "bad"})  # type: ignore[arg-type]
    with pytest.raises(inputs.InputError) as caught:
        inputs.load(settings)
    assert caught.value.option == option
    assert caught.value.reason.startswith(f"{files / 'bad'} {what}")
    assert str(caught.value) == f"{option}: {caught.value.reason}"
    assert isinstance(caught.value, PreflightError)
