"""Finds and reads the renewal file of our lineage. Reads files; needs no certbot and no types.

Certbot does not tell an authenticator which lineage it is renewing. So each lineage carries an
identifier among our own options, which certbot saves and restores like them, and which leads back
to the file. The certificate's names distinguish a copied file, or one written by hand.
"""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import configobj  # type: ignore[import-untyped] # no stubs

from certbot_dns_preflight.errors import PreflightError
from certbot_dns_preflight.renewals import bounded_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

PLUGIN = "dns-preflight"
IDENTIFIER = "dns_preflight_lineage"
NOT_GIVEN = ("None", "")
"""What certbot writes for an option that has no value."""
_SECTION = "renewalparams"


def option_prefix(plugin: str) -> str:
    """Return how the names of a plugin's own options begin in a renewal file."""
    return plugin.replace("-", "_") + "_"


class LineageError(PreflightError):
    """The renewal file cannot be identified or read; the message is one line, safe to display."""


@dataclass(frozen=True, slots=True)
class RenewalFile:
    """A renewal file: its path, its `renewalparams`, and the certificate that it names."""

    path: Path
    params: Mapping[str, str | list[str]]
    certificate: str | None

    def line(self, item: str) -> str:
        """Return an item's text as written, undoing the split at commas."""
        section = parse(self.path, list_values=False)[_SECTION]
        return str(section[item]).strip()

    def options(self, *prefixes: str) -> dict[str, str | list[str]]:
        """Return the items of some plugins, by their prefixes; never our own."""
        ours = option_prefix(PLUGIN)
        return {
            name: value
            for name, value in self.params.items()
            if name.startswith(prefixes) and not name.startswith(ours)
        }


@dataclass(frozen=True, slots=True)
class Found:
    """The lineage's renewal file; `shared` if other files carry the same identifier."""

    file: RenewalFile
    shared: bool


def new_identifier() -> str:
    """Return a new identifier for a lineage."""
    return uuid.uuid4().hex


def named(directory: Path, certname: str) -> RenewalFile | None:
    """Read the renewal file of a lineage with a known name; None if there is none."""
    path = directory / f"{certname}.conf"
    return read(path) if path.is_file() else None


def find(
    directory: Path, *, identifier: str | None, names: Iterable[str], prefixes: Sequence[str]
) -> Found | None:
    """Find the renewal file that certbot restored `identifier` and `names` from.

    Returns None if no file uses our plugin: then another authenticator's lineage is being renewed
    through us, and certbot restored that one's options itself. Raises `LineageError` if several
    files match and their options under `prefixes` differ.
    """
    ours = [
        file
        for file in _readable(sorted(directory.glob("*.conf")))
        if file.params.get("authenticator") == PLUGIN and file.params.get(IDENTIFIER) == identifier
    ]
    if not ours or (identifier is not None and len(ours) == 1):
        return Found(ours[0], shared=False) if ours else None
    wanted = frozenset(name.lower() for name in names)
    fitting = [file for file in ours if _certificate_names(file) == wanted]
    if not fitting:
        return None
    first = fitting[0].options(*prefixes)
    if any(file.options(*prefixes) != first for file in fitting[1:]):
        raise LineageError(_ambiguous(fitting, identifier))
    return Found(fitting[0], shared=identifier is not None and len(ours) > 1)


def read(path: Path) -> RenewalFile:
    """Read one renewal file the way certbot does; raises `LineageError`."""
    document = parse(path)
    section = document.get(_SECTION)
    if not isinstance(section, configobj.Section):
        raise LineageError(f"{path} has no [{_SECTION}] section")
    certificate = document.get("cert")
    return RenewalFile(path, dict(section), certificate if isinstance(certificate, str) else None)


def parse(
    path: Path, *, list_values: bool = True, interpolation: bool = True
) -> configobj.ConfigObj:
    """Parse a renewal file with certbot's parser, if no line is too long for that."""
    try:
        return configobj.ConfigObj(
            io.BytesIO(bounded_file.read_lines(path)).readlines(),
            encoding="utf-8",
            default_encoding="utf-8",
            list_values=list_values,
            interpolation=interpolation,
        )
    except (OSError, UnicodeError, configobj.ConfigObjError) as error:
        raise LineageError(f"{path} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _readable(paths: Iterable[Path]) -> Iterable[RenewalFile]:
    for path in paths:
        try:
            yield read(path)
        except (LineageError, configobj.InterpolationError):
            # Certbot reports a broken file itself, and does not renew it.
            continue


def _certificate_names(file: RenewalFile) -> frozenset[str] | None:
    """Return the names in the certificate, in lower case; None if it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - certbot imports every plugin at every start

    if file.certificate is None:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(bounded_file.read(file.certificate))
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    dns = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return frozenset(str(name).lower() for name in (*dns, *addresses))


def _ambiguous(files: Sequence[RenewalFile], identifier: str | None) -> str:
    paths = " and ".join(str(file.path) for file in files)
    way_out = (
        "renew each with --cert-name"
        if identifier is None
        else f"renew with --cert-name, or remove the line {IDENTIFIER} from one of them"
    )
    return f"{paths} cannot be told apart, and their options differ: {way_out}"
