"""Real plugins of certbot's, at APIs that write into real servers: issued, and renewed twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.laboratory import ALIAS_TARGET
from tests.plugin.made import write_distribution
from tests.plugin.providers import ACME_DNS_PLUGIN, AcmeDns, DigitalOcean, Provider, Route53
from tests.plugin.renewal_files import params

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Certbot
    from tests.lab import Lab

pytestmark = pytest.mark.slow

# An apex with its wildcard, a name of its own, and an alias into another zone of the account.
NAMES = "example.test,*.example.test,deep.www.example.test,www.alias.test"
WRITTEN = {
    "_acme-challenge.example.test": 2,
    "_acme-challenge.deep.www.example.test": 1,
    ALIAS_TARGET.rstrip("."): 1,
}


@pytest.fixture
def digitalocean(lab: Lab, tmp_path: Path) -> Iterator[tuple[DigitalOcean, Path]]:
    credentials = tmp_path / "digitalocean.ini"
    credentials.write_text(f"dns_digitalocean_token = {DigitalOcean.token}\n")
    credentials.chmod(0o600)
    with DigitalOcean(lab, "test", "example.test", "target.test") as provider:
        yield provider, credentials


def issue_and_renew_twice(
    certbot: Certbot, domains: str, *options: str, **variables: str
) -> dict[str, str]:
    """Give the options that the renewal file had, each time."""
    ran = certbot(
        "certonly", f"--domains={domains}", *certbot.preflight_options, *options, **variables
    )
    assert ran.status == 0, ran.output
    (file,) = (certbot.config_dir / "renewal").glob("*.conf")
    first = params(file)
    for _ in range(2):
        ran = certbot("renew", "--force-renewal", **variables)
        assert ran.status == 0, ran.output
        assert "Waiting 0 seconds" not in ran.output
    assert params(file) == first
    return first


def written(provider: Provider) -> list[str]:
    return [call for call in provider.calls if call.startswith("POST")]


def test_dns_digitalocean(
    certbot: Certbot, lab: Lab, digitalocean: tuple[DigitalOcean, Path]
) -> None:
    provider, credentials = digitalocean
    options = issue_and_renew_twice(
        certbot,
        NAMES,
        "--dns-preflight-authenticator=dns-digitalocean",
        f"--dns-digitalocean-credentials={credentials}",
        DIGITALOCEAN_END_POINT=f"{provider.url}/v2/",
    )
    assert options["dns_digitalocean_credentials"] == str(credentials)
    assert provider.complaints == []
    assert provider.records == {}
    assert len(written(provider)) == 3 * sum(WRITTEN.values())
    assert written(provider).count("POST /v2/domains/target.test/records") == 3
    assert not any(lab.primary.texts(f"{name}.") for name in WRITTEN)


def test_dns_route53_which_waits_by_itself(certbot: Certbot, lab: Lab) -> None:
    with Route53(lab, "test", "example.test", "target.test") as provider:
        ran = certbot(
            "certonly",
            f"--domains={NAMES}",
            *certbot.preflight_options,
            "--dns-preflight-authenticator=dns-route53",
            **_aws(provider),
        )
        assert ran.status == 0, ran.output
        ran = certbot("renew", "--force-renewal", **_aws(provider))
        assert ran.status == 0, ran.output
    assert provider.complaints == []
    assert provider.records == {}
    assert len(provider.asked_for_change) == 2 * sum(WRITTEN.values())  # never for a removal
    assert not any(lab.primary.texts(f"{name}.") for name in WRITTEN)


def test_dns_route53_that_breaks_off_leaves_nothing_behind(certbot: Certbot, lab: Lab) -> None:
    with Route53(lab, "example.test") as provider:
        ran = certbot(
            "certonly",
            "--domains=example.test,www.broken.test",
            *certbot.preflight_options,
            "--dns-preflight-authenticator=dns-route53",
            "--dns-preflight-skip=no-such-domain",
            **_aws(provider),
        )
        assert ran.status == 1
        assert "Unable to find a Route53 hosted zone for _acme-challenge.www.broken.test" in (
            " ".join(ran.output.split())
        )
        assert "ValueError" not in ran.output
    assert provider.records == {}
    assert not lab.primary.texts("_acme-challenge.example.test.")


def _aws(provider: Provider) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": provider.url,
        "AWS_ACCESS_KEY_ID": "LABKEY",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_a_map_of_digitalocean_and_an_acme_dns_that_finds_its_account_by_the_domain(
    certbot: Certbot, lab: Lab, digitalocean: tuple[DigitalOcean, Path], tmp_path: Path
) -> None:
    lab.zone("auth.test.", [lab.bind, lab.nsd], dynamic=True)
    lab.zone(
        "outside.test.",
        [lab.knot],
        records="_acme-challenge CNAME d420c923.auth.test.\n",
    )
    accounts = tmp_path / "accounts.json"
    accounts.write_text(json.dumps({"outside.test": ["user", "d420c923"]}))
    write_distribution(tmp_path / "installed", "dns-acmedns", ACME_DNS_PLUGIN)
    provider, credentials = digitalocean
    with AcmeDns(lab, "auth.test", {"user": "d420c923"}) as acme_dns:
        options = issue_and_renew_twice(
            certbot,
            "outside.test,www.example.test",
            "--dns-preflight-authenticator=dns-digitalocean",
            "--dns-preflight-authenticator=auth.test=dns-acmedns",
            f"--dns-digitalocean-credentials={credentials}",
            f"--dns-acmedns-api-url={acme_dns.url}",
            f"--dns-acmedns-accounts={accounts}",
            DIGITALOCEAN_END_POINT=f"{provider.url}/v2/",
            PYTHONPATH=str(tmp_path / "installed"),
        )
    assert options["dns_acmedns_accounts"] == str(accounts)
    assert options["dns_digitalocean_credentials"] == str(credentials)
    assert (acme_dns.complaints, provider.complaints) == ([], [])
    assert len(acme_dns.calls) == 3
    assert len(written(provider)) == 3
