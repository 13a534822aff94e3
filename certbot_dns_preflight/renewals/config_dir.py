"""A certbot configuration directory, read as it is: every lineage, even a broken one.

Determines what can be known about each lineage, and what prevents the rest. It writes nothing,
holds no lock, needs no certbot and sends no queries.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import configobj  # type: ignore[import-untyped] # no stubs
from cryptography import x509

from certbot_dns_preflight.challenge import InvalidDomainError, make_challenge
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals import (
    accounts,
    bounded_file,
    certbot_needs,
    renewal_file,
    saved_options,
    zone_map,
)
from certbot_dns_preflight.renewals.lineages import (
    Lineage,
    Obstacle,
    Problem,
    Trouble,
    proved_by_dns,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.renewals.renewal_file import RenewalFile
    from certbot_dns_preflight.settings import Settings

_SUFFIX = ".conf"
_CORRECT = "Correct the line in that file, or the option: certbot reconfigure."
_FILES = ("cert", "privkey", "chain", "fullchain")


class ConfigDirError(PreflightError):
    """The directory holds nothing to read; the message is one line, safe to display."""


class ConfigDirDeniedError(ConfigDirError):
    """The directory may hold something, but we may not read it."""


@dataclass(frozen=True, slots=True)
class _Certificate:
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    not_after: dt.datetime


class _UnreadableError(PreflightError):
    """A lineage that certbot cannot renew, or that we may not read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def _broken(
    reason: str,
    code: Obstacle = Obstacle.LINEAGE,
    fix: str = "See what certbot certificates says of it, and issue it again if it is lost.",
) -> _UnreadableError:
    return _UnreadableError(Problem(Trouble.BROKEN, printable(reason), code, fix))


def _denied(what: str) -> _UnreadableError:
    reason = f"no permission to {printable(what)}"
    fix = "Run this as root, or as a user who may read it."
    return _UnreadableError(Problem(Trouble.DENIED, reason, Obstacle.PERMISSION, fix))


def read(
    directory: Path, args: Mapping[str, object], *, only: Collection[str] = ()
) -> tuple[Lineage, ...]:
    """Read all lineages, or those named in `only`, by name.

    `args` are the shared options of the command line, which override those of a renewal file.
    Raises `ConfigDirError` if there is no such directory or lineage.
    """
    folder = directory / "renewal"
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(_SUFFIX))
    except PermissionError as error:
        raise ConfigDirDeniedError(f"no permission to read {printable(str(folder))}") from error
    except OSError as error:
        raise ConfigDirError(
            f"{printable(str(directory))} is no configuration directory of certbot: "
            f"{printable(str(folder))}: {error.strerror}"
        ) from error
    by_name = [path.name.removesuffix(_SUFFIX) for path in paths]
    for name in only:
        if name not in by_name:
            raise ConfigDirError(
                f"there is no lineage {printable(name)!r} in {printable(str(directory))}; "
                "certbot certificates lists them"
            )
    return tuple(_lineage(name, directory, args) for name in by_name if not only or name in only)


def _lineage(name: str, directory: Path, args: Mapping[str, object]) -> Lineage:
    path = directory / "renewal" / f"{name}{_SUFFIX}"
    try:
        file = _renewal_file(path)
    except _UnreadableError as error:
        return Lineage(name=name, file=path, problem=error.problem)
    ours = file.params.get("authenticator") == renewal_file.PLUGIN
    authenticator = saved_options.authenticators(file)
    known = Lineage(name=name, file=path, authenticator=authenticator, through_preflight=ours)
    if not authenticator:
        return replace(known, authenticator=None, problem=_without_authenticator(path))
    if not ours and not proved_by_dns(authenticator, file.params, ("*.any",)):
        return known  # its other problems do not concern dns-01
    certificate: _Certificate | None = None
    try:
        certificate = _certificate(file)
        proved = (
            certificate.names
            if ours
            else proved_by_dns(authenticator, file.params, certificate.names)
        )
        wrapped, read_settings = _options(file, args, ours=ours, proved=proved)
        plugins = zone_map.names(wrapped)
        _refuse_what_certbot_would(directory, file, plugins)
        if ours and certificate.addresses:
            raise _by_address(certificate.addresses)
        return Lineage(
            name=name,
            file=path,
            authenticator=authenticator,
            through_preflight=ours,
            names=certificate.names,
            challenges=_challenges(proved),
            not_after=certificate.not_after,
            settings=read_settings,
            request=accounts.request(directory, file, read_settings.caa_identity),
            zones=wrapped,
            outputs=saved_options.outputs(file) if ours else (),
            notes=_notes(file, plugins),
            unseen=certbot_needs.unseen_by_us(file, plugins),
        )
    except _UnreadableError as error:
        return Lineage(
            name=name,
            file=path,
            authenticator=authenticator,
            through_preflight=ours,
            names=() if certificate is None else certificate.names,
            not_after=None if certificate is None else certificate.not_after,
            problem=error.problem,
        )


def _renewal_file(path: Path) -> RenewalFile:
    try:
        return renewal_file.read(path)
    except renewal_file.LineageError as error:
        if isinstance(error.__cause__, PermissionError):
            raise _denied(f"read {path}") from error
        raise _broken(str(error)) from error
    except configobj.InterpolationError as error:
        raise _broken(f"{path} cannot be read: {error}") from error


def _certificate(file: RenewalFile) -> _Certificate:
    """Read the newest certificate, and check that the files that belong to it exist."""
    document = renewal_file.parse(file.path, interpolation=False)
    for item in _FILES:
        path = document.get(item)
        if not isinstance(path, str):
            raise _broken(f"{file.path} has no line {item} = …")
        _see(path)
        wrong = certbot_needs.link_problem(path)
        if wrong is not None:
            raise _UnreadableError(wrong)
    try:
        certificate = x509.load_pem_x509_certificate(bounded_file.read(document["cert"]))
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except PermissionError as error:
        raise _denied(f"read {document['cert']}") from error
    except (OSError, ValueError) as error:
        reason = f"{document['cert']} cannot be read: {error}"
        raise _broken(reason) from error
    except x509.ExtensionNotFound as error:
        raise _broken(f"{document['cert']} names no domain") from error
    return _Certificate(
        tuple(extension.value.get_values_for_type(x509.DNSName)),
        tuple(map(str, extension.value.get_values_for_type(x509.IPAddress))),
        _not_after(certificate),
    )


def _see(path: str) -> None:
    try:
        os.stat(path)  # noqa: PTH116 - the path as certbot writes it
    except PermissionError as error:
        raise _denied(f"look at {path}") from error
    except OSError as error:
        dangling = os.path.islink(path)  # noqa: PTH114 - the path as certbot writes it
        what = "is a link to nothing" if dangling else f"cannot be found: {error.strerror}"
        raise _broken(f"{path} {what}") from error


def _not_after(certificate: x509.Certificate) -> dt.datetime:
    aware = getattr(certificate, "not_valid_after_utc", None)  # cryptography 42 and newer
    if isinstance(aware, dt.datetime):
        return aware
    return certificate.not_valid_after.replace(tzinfo=dt.UTC)


def _challenges(names: Collection[str]) -> tuple[Challenge, ...]:
    """Build the challenges for certificate names; a domain and its wildcard share one."""
    sharing: dict[str, list[str]] = {}
    try:
        for name in names:
            sharing.setdefault(make_challenge(name).domain, []).append(name.lower())
        return tuple(make_challenge(domain, names=of) for domain, of in sharing.items())
    except InvalidDomainError as error:
        raise _broken(f"the certificate: {error}") from error


def _options(
    file: RenewalFile, args: Mapping[str, object], *, ours: bool, proved: Sequence[str]
) -> tuple[tuple[zone_map.Entry, ...], Settings]:
    """Read who makes the records and how they are checked, if certbot will accept it."""
    try:
        zones = saved_options.zones(file)
        found = saved_options.read_settings(file, args, ours=ours)
        saved_options.check(file, zone_map.names(zones), proved=proved)
    except saved_options.OptionsDeniedError as error:
        raise _denied(str(error)) from error
    except saved_options.OptionsError as error:
        raise _broken(str(error), Obstacle.OPTIONS, _CORRECT) from error
    return zones, found


def _refuse_what_certbot_would(
    directory: Path, file: RenewalFile, authenticators: Sequence[str]
) -> None:
    problem = certbot_needs.problem_of(file, authenticators)
    if problem is not None:
        raise _UnreadableError(problem)
    account = accounts.missing(directory, file)
    if account is not None:
        raise _broken(
            f"the account {account} is gone",
            fix="Put it back, or name another one: certbot reconfigure with --account ID.",
        )


def _without_authenticator(path: Path) -> Problem:
    return _broken(
        f"{path} names no authenticator", fix="Name one: certbot reconfigure with --authenticator."
    ).problem


def _by_address(addresses: Sequence[str]) -> _UnreadableError:
    return _broken(
        f"dns-01 cannot prove control of an IP address ({', '.join(addresses)})",
        Obstacle.OPTIONS,
        "Get a certificate of its own for it, with an authenticator that does http-01.",
    )


def _notes(file: RenewalFile, authenticators: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if str(file.params.get("autorenew", "True")).lower() == "false":
        notes.append("certbot does not renew it by itself (autorenew = False)")
    unknown = certbot_needs.note_of(authenticators)
    return tuple(notes) if unknown is None else (*notes, unknown)
