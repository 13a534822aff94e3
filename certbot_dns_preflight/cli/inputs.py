"""What the common options stand for: the settings of a run, and who would ask which CA.

Files that options name are read here once, so that a bad one is misuse before anything is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight import settings
from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.cli.exits import MisuseError
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.run import inputs

if TYPE_CHECKING:
    import argparse

_USUAL_CA = ("letsencrypt.org",)


def read_settings(args: argparse.Namespace) -> settings.Settings:
    """Read the common options; raises `MisuseError` with the line to show."""
    texts = {option.name: getattr(args, option.field, None) for option in settings.OPTIONS}
    try:
        return settings.read_settings(texts, "--")
    except settings.InvalidOptionError as error:
        raise MisuseError(printable(str(error))) from error


def load_inputs(read: settings.Settings) -> inputs.Inputs:
    """Read the files that the options name; raises `MisuseError` with the line to show."""
    try:
        return inputs.load(read)
    except inputs.InputError as error:
        raise MisuseError(f"--{error}") from error


def refuse_resolvers_alone(read: settings.Settings, command: str) -> None:
    """Refuse `ask resolvers` where the name servers are the very subject."""
    if read.asks_resolvers:
        raise MisuseError(
            f"{command} shows what the name servers themselves say, so --ask resolvers is not for "
            "it; check takes it"
        )


def request(read: settings.Settings) -> IssuanceRequest:
    """Say of which CA the certificate is asked; the account is unknown to the command."""
    return IssuanceRequest(identities=read.caa_identity or _USUAL_CA)
