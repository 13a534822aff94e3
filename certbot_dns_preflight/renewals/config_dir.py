"""A certbot configuration directory, read as it is: every lineage, even a broken one.

Determines what can be known about each lineage, and what prevents the rest. It writes nothing,
holds no lock, needs no certbot and sends no queries.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import configobj  # type: ignore[import-untyped] # no stubs
from cryptography import x509

from certbot_dns_preflight import settings
from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.challenge import InvalidDomainError, make_challenge
from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.renewals import bounded_file, certbot_needs, renewal_file
from certbot_dns_preflight.renewals.lineages import (
    Lineage,
    Obstacle,
    Problem,
    Trouble,
    proved_by_dns,
)
from certbot_dns_preflight.run import inputs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from certbot_dns_preflight.challenge import Challenge
    from certbot_dns_preflight.renewals.renewal_file import RenewalFile

_SUFFIX = ".conf"
_FILES = ("cert", "privkey", "chain", "fullchain")
_PREFIX = "dns_preflight_"
# The issuer domain names in CAA records for well-known ACME directories. The directory itself
# states them, but a DNS check should not require an HTTPS request.
_ISSUERS = {
    "api.letsencrypt.org": ("letsencrypt.org",),
    "acme.zerossl.com": ("sectigo.com",),
    "acme.sectigo.com": ("sectigo.com",),
    "pki.goog": ("pki.goog",),
    "acme.ssl.com": ("ssl.com",),
}
_LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"  # certbot's default


class ConfigDirError(PreflightError):
    """The directory holds nothing to read; the message is one line, safe to display."""


class ConfigDirDeniedError(ConfigDirError):
    """The directory may hold something, but we may not read it."""


@dataclass(frozen=True, slots=True)
class _Certificate:
    names: tuple[str, ...]
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
    chosen = (
        file.params.get(f"{_PREFIX}authenticator", "manual")
        if ours
        else file.params.get("authenticator", "")
    )
    authenticator = ",".join(chosen) if isinstance(chosen, list) else str(chosen)
    known = Lineage(name=name, file=path, authenticator=authenticator, through_preflight=ours)
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
        read_settings = _settings(file, args, ours=ours)
        wrapped = _authenticators(authenticator)
        _refuse_what_certbot_would(file, wrapped)
        return Lineage(
            name=name,
            file=path,
            authenticator=authenticator,
            through_preflight=ours,
            names=certificate.names,
            challenges=_challenges(proved),
            not_after=certificate.not_after,
            settings=read_settings,
            request=_request(directory, file, read_settings),
            notes=_notes(file, wrapped),
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
        tuple(extension.value.get_values_for_type(x509.DNSName)), _not_after(certificate)
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


def _settings(file: RenewalFile, args: Mapping[str, object], *, ours: bool) -> settings.Settings:
    saved = {
        option.name: file.params[_PREFIX + option.field]
        for option in settings.OPTIONS
        if ours and file.params.get(_PREFIX + option.field, "None") != "None"
    }
    texts = saved | {name: value for name, value in args.items() if value is not None}
    # Certbot chose these output files; a check must not touch them.
    texts |= {"report": args.get("report"), "metrics": args.get("metrics")}
    try:
        read_settings = settings.read_settings(texts, "--dns-preflight-")
        inputs.load(read_settings)
    except (settings.InvalidOptionError, inputs.InputError) as error:
        raise _broken(
            f"{file.path}: {error}",
            Obstacle.OPTIONS,
            "Correct the line in that file, or the option: certbot reconfigure.",
        ) from error
    return read_settings


def _request(
    directory: Path, file: RenewalFile, read_settings: settings.Settings
) -> IssuanceRequest:
    """Return who will request from which CA; anything unknown or unreadable stays unknown."""
    server = urlsplit(str(file.params.get("server") or _LETS_ENCRYPT))
    host = f".{server.hostname or ''}"
    issuers = (names for known, names in _ISSUERS.items() if host.endswith(f".{known}"))
    account = None
    # certbot's account layout: by the directory's address, without its scheme.
    folder = directory / "accounts" / (server.netloc + server.path).strip("/")
    path = folder / str(file.params.get("account", "")) / "regr.json"
    with contextlib.suppress(OSError, ValueError, AttributeError):
        account = json.loads(bounded_file.read(path)).get("uri")
    return IssuanceRequest(
        identities=read_settings.caa_identity or next(issuers, ()),
        account=account if isinstance(account, str) else None,
    )


def _refuse_what_certbot_would(file: RenewalFile, authenticators: Sequence[str]) -> None:
    problem = certbot_needs.problem_of(file, authenticators)
    if problem is not None:
        raise _UnreadableError(problem)


def _authenticators(text: str) -> tuple[str, ...]:
    """Return the plugins in ``[ZONE=]NAME,…``, without duplicates."""
    names = (item.rpartition("=")[2].strip() for item in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _notes(file: RenewalFile, authenticators: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if str(file.params.get("autorenew", "True")).lower() == "false":
        notes.append("certbot does not renew it by itself (autorenew = False)")
    unknown = certbot_needs.note_of(authenticators)
    return tuple(notes) if unknown is None else (*notes, unknown)
