"""Certbot's own objects, made the way certbot makes them, and a plugin distribution of a test's."""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from acme import challenges, messages
from certbot import achallenges
from certbot.configuration import ArgumentSource, NamespaceConfig
from cryptography.hazmat.primitives.asymmetric import rsa
from josepy.jwk import JWKRSA

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ACCOUNT_KEY = JWKRSA(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))


def config(directory: Path, *, given: tuple[str, ...] = (), **values: Any) -> NamespaceConfig:
    """Make certbot's configuration; the options in `given` are set by the user."""
    namespace = argparse.Namespace(
        config_dir=str(directory),
        work_dir=str(directory / "work"),
        logs_dir=str(directory / "logs"),
        http01_port=80,
        https_port=443,
        domains=[],
        certname=None,
        verb="renew",
        authenticator="dns-preflight",
        pref_challs=[],
        noninteractive_mode=True,
        quiet=False,
        allow_subset_of_names=False,
    )
    vars(namespace).update(values)
    made = NamespaceConfig(namespace)
    made.set_argument_sources(
        {
            name: ArgumentSource.COMMAND_LINE if name in given else ArgumentSource.DEFAULT
            for name in vars(namespace)
        }
    )
    return made


def achall(
    domain: str,
    *,
    token: bytes = b"t" * 20,
    http: bool = False,
    error: messages.Error | None = None,
) -> Any:
    """Make an annotated challenge, in the words of the installed certbot."""
    kind = challenges.HTTP01 if http else challenges.DNS01
    body = messages.ChallengeBody(
        chall=kind(token=token),
        uri="https://ca.test/1",
        status=messages.STATUS_PENDING,
        error=error,
    )
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain)
    kind = achallenges.KeyAuthorizationAnnotatedChallenge
    named = {"identifier": identifier} if "identifier" in kind.__slots__ else {"domain": domain}
    return kind(challb=body, account_key=ACCOUNT_KEY, **named)


def install(
    monkeypatch: pytest.MonkeyPatch,
    directory: Path,
    name: str,
    source: str,
    *,
    group: str = "certbot.plugins",
) -> None:
    """Install a plugin distribution: `source` defines `Plugin`, certbot's name for it is `name`."""
    module = "plugin_" + name.replace("-", "_")
    monkeypatch.delitem(sys.modules, module, raising=False)
    write_distribution(directory, name, source, group=group)
    monkeypatch.syspath_prepend(str(directory))


def write_distribution(
    directory: Path, name: str, source: str, *, group: str = "certbot.plugins"
) -> None:
    """Write the plugin distribution's files, to be found once `directory` is on the path."""
    module = "plugin_" + name.replace("-", "_")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{module}.py").write_text(source)
    information = directory / f"{module}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:Plugin\n")
