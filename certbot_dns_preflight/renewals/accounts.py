"""Which CA a lineage's next certificate is requested from, and by which account.

Reads certbot's account files, as far as allowed. The CA's directory is not fetched: a check of the
DNS should not need HTTPS.
"""

from __future__ import annotations

import contextlib
import json
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.renewals import bounded_file
from certbot_dns_preflight.renewals.renewal_file import NOT_GIVEN

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

    from certbot_dns_preflight.renewals.renewal_file import RenewalFile

# The issuer domain names in CAA records for well-known ACME directories.
_ISSUERS = {
    "api.letsencrypt.org": ("letsencrypt.org",),
    "acme.zerossl.com": ("sectigo.com",),
    "acme.sectigo.com": ("sectigo.com",),
    "pki.goog": ("pki.goog",),
    "acme.ssl.com": ("ssl.com",),
}
_LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"  # certbot's default
# Certbot takes accounts of these over from the older directory.
_OLDER = {"acme-v02.": "acme-v01.", "acme-staging-v02.": "acme-staging."}


def request(
    directory: Path, file: RenewalFile, identities: tuple[str, ...] = ()
) -> IssuanceRequest:
    """Return who will request from which CA; anything unknown or unreadable stays unknown."""
    host = f".{_server(file).hostname or ''}"
    issuers = (names for known, names in _ISSUERS.items() if host.endswith(f".{known}"))
    account = None
    with contextlib.suppress(OSError, ValueError, AttributeError):
        path = _directories(directory, file)[0] / "regr.json"
        account = json.loads(bounded_file.read(path)).get("uri")
    return IssuanceRequest(
        identities=identities or next(issuers, ()),
        account=account if isinstance(account, str) else None,
    )


def missing(directory: Path, file: RenewalFile) -> Path | None:
    """Return the directory of the account that the file names, if it is gone."""
    if str(file.params.get("account", "None")) in NOT_GIVEN:
        return None
    places = _directories(directory, file)
    return places[0] if all(map(is_missing, places)) else None


def is_missing(directory: Path) -> bool:
    """Return whether there is certainly no such directory: one that we may not see is there."""
    try:
        return not stat.S_ISDIR(directory.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _server(file: RenewalFile) -> SplitResult:
    return urlsplit(str(file.params.get("server") or _LETS_ENCRYPT))


def _directories(directory: Path, file: RenewalFile) -> list[Path]:
    """Return where certbot looks for the account: by the CA's address, without its scheme."""
    server, account = _server(file), str(file.params.get("account", ""))
    hosts = [server.netloc]
    hosts += [
        old + server.netloc.removeprefix(new)
        for new, old in _OLDER.items()
        if server.netloc.startswith(new)
    ]
    return [directory / "accounts" / (host + server.path).strip("/") / account for host in hosts]
