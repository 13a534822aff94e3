"""The settings of a run from the common options, and the CA and account that would ask.

Files named by options are read here once, so that a bad one is reported before any query is sent.
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
    """Parse the common options; raises `MisuseError` with the line to display."""
    texts = {option.name: getattr(args, option.field, None) for option in settings.OPTIONS}
    try:
        return settings.read_settings(texts, "--")
    except settings.InvalidOptionError as error:
        raise MisuseError(printable(str(error))) from error


def load_inputs(read: settings.Settings) -> inputs.Inputs:
    """Read the files that the options name; raises `MisuseError` with the line to display."""
    try:
        return inputs.load(read)
    except inputs.InputError as error:
        raise MisuseError(f"--{error}") from error


def refuse_resolvers_alone(read: settings.Settings, command: str) -> None:
    """Reject `ask resolvers` for commands that are about the name servers themselves."""
    if read.asks_resolvers:
        raise MisuseError(
            f"{command} shows what the name servers themselves say, so --ask resolvers is not for "
            "it; check takes it"
        )


def request(read: settings.Settings) -> IssuanceRequest:
    """Return the request as the CA would see it; the command does not know the account."""
    return IssuanceRequest(identities=read.caa_identity or _USUAL_CA)
