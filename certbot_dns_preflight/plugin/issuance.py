"""Find out who requests the certificate from which CA, so that CAA can be judged.

Decides nothing. The CA's issuer domain names come from its ACME directory (RFC 8555 section 7.1.1,
``caaIdentities``) unless an option names them; the account URL comes from certbot's account.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import certbot
from acme import client, messages
from acme import errors as acme_errors

from certbot_dns_preflight.caa.policy import IssuanceRequest

if TYPE_CHECKING:
    from certbot.configuration import NamespaceConfig

logger = logging.getLogger(__name__)

_SECONDS = 10
_MOST_BYTES = 1 << 20


def of_config(config: NamespaceConfig, identities: tuple[str, ...]) -> IssuanceRequest:
    """Find out who requests; what cannot be found out stays unknown and raises nothing."""
    return IssuanceRequest(
        identities=identities or _directory_identities(config), account=_account_url(config)
    )


def _directory_identities(config: NamespaceConfig) -> tuple[str, ...]:
    try:
        network = client.ClientNetwork(
            key=None,  # type: ignore[arg-type,unused-ignore] # older releases want one; none is used
            verify_ssl=not config.no_verify_ssl,
            user_agent=_user_agent(config),
            timeout=_SECONDS,
        )
        directory = client.ClientV2.get_directory(config.server, network)
        identities = getattr(directory.meta, "caa_identities", None)
    except (acme_errors.Error, messages.Error, OSError, ValueError, AttributeError) as error:
        logger.debug("The CA's identities are not known: %s", type(error).__name__)
        return ()
    return tuple(str(identity).lower() for identity in identities or ())


def _user_agent(config: NamespaceConfig) -> str:
    """Identify certbot to the CA, as certbot's own requests do, and this plugin beside it."""
    if getattr(config, "user_agent", None):
        return str(config.user_agent)
    ours = importlib.metadata.version("certbot-dns-preflight")
    comment = getattr(config, "user_agent_comment", None)
    parts = [f"certbot-dns-preflight/{ours}", *([str(comment)] if comment else [])]
    return f"CertbotACMEClient/{certbot.__version__} ({'; '.join(parts)})"


def _account_url(config: NamespaceConfig) -> str | None:
    if not config.account:
        return None
    path = Path(config.accounts_dir) / str(config.account) / "regr.json"
    try:
        with path.open(encoding="utf-8") as file:
            url = json.loads(file.read(_MOST_BYTES)).get("uri")
    except (OSError, ValueError, AttributeError) as error:
        logger.debug("The account's URL is not known: %s", type(error).__name__)
        return None
    return str(url) if url else None
