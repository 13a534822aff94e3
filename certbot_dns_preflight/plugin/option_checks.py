"""Refuse what cannot work before a record is made, in one clear line.

Decides which error certbot gets for it, and prepares the wrapped authenticators.
"""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING

from certbot import errors
from certbot.display import util as display

from certbot_dns_preflight.plugin import by_hand, installed, options, restore_options
from certbot_dns_preflight.plugin.authenticators import Authenticators
from certbot_dns_preflight.renewals import zone_map
from certbot_dns_preflight.settings import OnFailure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot.configuration import NamespaceConfig

    from certbot_dns_preflight.run.inputs import Inputs
    from certbot_dns_preflight.settings import Settings

_MOST_SECONDS = 86400.0


def authenticators(
    config: NamespaceConfig, value: object, settings: Settings, *, is_auto: bool = False
) -> tuple[str | None, Authenticators]:
    """Prepare the authenticators that `value` names, on renewal with their saved options.

    Returns the lineage's name, if known, and the authenticators. Raises `PluginError`. `is_auto`
    says that nobody gave a timeout: then a person at a keyboard is not held to it.
    """
    entries = options.authenticators(value)
    lineage = config.certname
    if config.verb in ("renew", "reconfigure"):
        lineage = restore_options.restore(config, zone_map.names(entries)) or lineage
    limit = by_hand.Limit(
        settings.timeout, asks_again=is_auto and settings.on_failure is OnFailure.ABORT
    )
    wrapped = Authenticators(entries, config, settings.alias, settings.asks_resolvers, limit)
    try:
        wrapped.prepare()
    except errors.PluginError as error:
        if not config.set_by_user("dns_preflight_authenticator"):
            raise errors.PluginError(
                f"{installed.OPTION} is not given, so certbot's manual is to make the records: "
                f"{error} Or name the authenticator that makes them, with {installed.OPTION} "
                f"({installed.choices()})"
            ) from error
        raise
    return lineage, wrapped


def with_due_timeout(settings: Settings, pause: float) -> Settings:
    """Raise the timeout to twice the wrapped authenticator's own wait, if that is longer."""
    return replace(settings, timeout=max(settings.timeout, min(2 * pause, _MOST_SECONDS)))


def tell_due_timeout(given: Settings, due: Settings, pause: float) -> None:
    """Say how long the wait may take, if that is longer than usual."""
    if due.timeout > given.timeout:
        display.notify(
            f"dns-preflight waits up to {due.timeout:g} s: {_why(pause)} ({options.PREFIX}timeout "
            "auto)"
        )


def _why(pause: float) -> str:
    what = f"twice the {pause:.12g} s that the authenticator would wait by itself"
    if 2 * pause > _MOST_SECONDS:
        return f"the longest timeout there is, as {what} is more"
    return what


def refusal(error: errors.PluginError, *, chosen: bool) -> errors.Error:
    """Return the error type that certbot reports best.

    If the plugin was chosen: certbot shows an error that is no `PluginError` as the plain line that
    it is, but writes ``The error was: PluginError(…)`` around the others. In a menu: a
    misconfigured plugin stays listed, and its error is shown when it is chosen.
    """
    if chosen:
        return errors.ConfigurationError(str(error))
    return errors.MisconfigurationError(str(error))


def refuse_other_challenges(config: NamespaceConfig) -> None:
    """Refuse what dns-01 cannot do; raises `PluginError`."""
    preferred = list(config.pref_challs or ())
    if preferred and "dns-01" not in preferred:
        raise errors.PluginError(
            f"--preferred-challenges {','.join(preferred)} leaves out dns-01, the only "
            "challenge that dns-preflight can look at: add dns, or leave the option out"
        )
    addresses = getattr(config, "ip_addresses", None)
    if addresses:
        raise errors.PluginError(_no_addresses([str(address) for address in addresses]))


def refuse_address(identifier: str) -> None:
    """Refuse an IP address; raises `PluginError`."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(identifier)
        raise errors.PluginError(_no_addresses([identifier]))


def read_files(settings: Settings) -> Inputs:
    """Read the files now, to find out what would otherwise fail once the records are there."""
    from certbot_dns_preflight.report import atomic_file  # noqa: PLC0415 - only where it is needed
    from certbot_dns_preflight.report.metrics import record  # noqa: PLC0415 - only where it is needed
    from certbot_dns_preflight.run import inputs  # noqa: PLC0415 - loads dnspython

    try:
        if settings.report is not None:
            atomic_file.check_writable(settings.report)
        if settings.metrics is not None:
            record.check(settings.metrics)
        return inputs.load(settings)
    except atomic_file.ReportFileError as error:
        raise errors.PluginError(f"{options.PREFIX}report: {error}") from error
    except record.MetricsError as error:
        raise errors.PluginError(f"{options.PREFIX}metrics: {error}") from error
    except inputs.InputError as error:
        raise errors.PluginError(f"{options.PREFIX}{error}") from error


def _no_addresses(addresses: Iterable[str]) -> str:
    return (
        f"dns-01 cannot prove control of an IP address ({', '.join(addresses)}): get a certificate "
        "of its own for it, with an authenticator that does http-01"
    )
