"""Records are written where aliases lead to: through certbot, at real servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.laboratory import ALIAS_OWNER, ALIAS_TARGET
from tests.plugin.renewal_files import params

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Certbot, Ran
    from tests.lab import Lab

pytestmark = pytest.mark.slow

NAME = "www.alias.test"


@pytest.fixture
def aliased(lab: Lab) -> str:
    """A zone that nobody writes to: all its challenge names lead elsewhere."""
    lab.zone(
        "fixed.test.",
        [lab.bind, lab.nsd, lab.knot],
        records=(
            "_acme-challenge CNAME shared.target.test.\n"
            "_acme-challenge.www CNAME shared.target.test.\n"
            "_acme-challenge.far CNAME stop.alias2.test.\n"
            "_acme-challenge.named CNAME _acme-challenge.deep.target.test.\n"
            "_acme-challenge.nowhere CNAME x.does-not-exist.test.\n"
            "_acme-challenge.loop CNAME _acme-challenge.loop\n"
            "below DNAME tree.alias2.test.\n"
        ),
    )
    lab.zone(
        "alias2.test.",
        [lab.knot, lab.nsd],
        records="stop CNAME end.target.test.\ntree DNAME sub.target.test.\n",
    )
    return "fixed.test"


def report(certbot: Certbot) -> dict[str, dict[str, object]]:
    told = json.loads(certbot.report.read_text())
    return {challenge["domain"]: challenge for challenge in told["challenges"]}


def test_the_record_is_made_at_the_alias_s_target_and_renewals_repeat_it(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran]
) -> None:
    ran = issue(NAME, *certbot.rfc2136_options, f"--dns-preflight-report={certbot.report}")
    assert f"the record of {ALIAS_OWNER} goes to {ALIAS_TARGET}" in " ".join(ran.stdout.split())
    assert "Waiting 0 seconds" not in ran.output
    assert report(certbot)[NAME]["record_name"] == ALIAS_TARGET
    first = params(certbot.renewal_file(NAME))
    for _ in range(2):
        ran = certbot.renew().succeeded()
    assert params(certbot.renewal_file(NAME)) == first
    assert not lab.primary.texts(ALIAS_TARGET)
    assert "record-lingers" not in ran.output


def test_chains_and_shared_targets_of_one_order(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran], aliased: str
) -> None:
    labels = ["", "*.", "www.", "far.", "named.", "www.below."]
    names = ",".join(f"{label}{aliased}" for label in labels)
    issue(names, *certbot.rfc2136_options, f"--dns-preflight-report={certbot.report}")
    told = report(certbot)
    assert {domain: one["record_name"] for domain, one in told.items()} == {
        aliased: "shared.target.test.",
        f"www.{aliased}": "shared.target.test.",
        f"far.{aliased}": "end.target.test.",
        f"named.{aliased}": "_acme-challenge.deep.target.test.",
        # A DNAME, and another one in the next zone.
        f"www.below.{aliased}": "_acme-challenge.www.sub.target.test.",
    }
    # What is expected at a place is what the whole order puts there; nothing beside it is stale.
    assert len(told[aliased]["expected"]) == 3  # type: ignore[arg-type]
    assert set(told[aliased]["expected"]) == set(told[f"www.{aliased}"]["expected"])  # type: ignore[call-overload]
    codes = {finding["code"] for finding in told[aliased]["findings"]}  # type: ignore[attr-defined]
    assert codes == {"domain-without-address"}
    for place in ("shared", "end", "_acme-challenge.deep", "_acme-challenge.www.sub"):
        assert not lab.primary.texts(f"{place}.target.test.")


def test_where_resolvers_are_asked_an_alias_is_followed_once_it_shows_without_a_flag(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran], aliased: str
) -> None:
    # Once the record of the name is made, the resolver shows one alias after another.
    name = f"far.{aliased}"
    ran = issue(
        name,
        *certbot.rfc2136_options,
        "--dns-preflight-ask=resolvers",
        f"--dns-preflight-resolver={lab.unbound.address4}",
        "--dns-rfc2136-propagation-seconds=3",
        f"--dns-preflight-report={certbot.report}",
    )
    told = " ".join(ran.stdout.split())
    assert f"the record of _acme-challenge.{name}. goes to end.target.test. (alias)" in told
    assert report(certbot)[name]["record_name"] == "end.target.test."
    assert not lab.primary.texts("end.target.test.")
    assert not lab.primary.texts("stop.alias2.test.")


def test_with_keep_the_record_is_asked_for_at_the_name(certbot: Certbot, lab: Lab) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        NAME,
        *certbot.rfc2136_options,
        "--dns-preflight-alias=keep",
        "--dns-preflight-timeout=3",
    )
    assert ran.status == 1
    assert "goes to" not in ran.output
    assert lab.ca.challenges_answered(since) == 0


def test_with_follow_hooks_get_the_target_as_their_domain_and_renewals_repeat_it(
    certbot: Certbot, lab: Lab, issue: Callable[..., Ran], aliased: str
) -> None:
    # The lab's hook knows CERTBOT_DOMAIN alone, and may not write into the alias's zone.
    name, target = f"named.{aliased}", "_acme-challenge.deep.target.test."
    ran = issue(name, *certbot.hook_options, "--dns-preflight-alias=follow")
    assert f"the record of _acme-challenge.{name}. goes to {target} (alias)" in " ".join(
        ran.stdout.split()
    )
    assert params(certbot.renewal_file(name))["dns_preflight_alias"] == "follow"
    for _ in range(2):
        assert f"goes to {target}" in " ".join(certbot.renew().succeeded().stdout.split())
    assert not lab.primary.texts(target)


def test_where_an_alias_leads_nowhere_the_name_itself_is_asked_for(
    certbot: Certbot, lab: Lab, aliased: str
) -> None:
    since = len(lab.ca.log)
    ran = certbot.order(
        f"nowhere.{aliased},loop.{aliased}",
        *certbot.rfc2136_options,
        "--dns-preflight-timeout=3",
    )
    assert ran.status == 1
    assert "goes to" not in ran.output
    assert lab.ca.challenges_answered(since) == 0


def test_hooks_are_told_where_the_record_belongs(
    lab: Lab, issue: Callable[..., Ran], aliased: str
) -> None:
    noted = lab.path / "noted"
    hook = lab.path / "noting-hook"
    hook.write_text(
        "#!/bin/sh\n"
        f'echo "$CERTBOT_DOMAIN $DNS_PREFLIGHT_RECORD $DNS_PREFLIGHT_ZONE $DNS_PREFLIGHT_RELATIVE '
        f'$CERTBOT_REMAINING_CHALLENGES" >>{noted}\n'
        f'printf "server {lab.primary.address4}\\nupdate $1 $DNS_PREFLIGHT_RECORD. 60 TXT '
        f'$CERTBOT_VALIDATION\\nsend\\n" | nsupdate -k {lab.key_file}\n'
    )
    hook.chmod(0o755)
    issue(
        f"{aliased},www.example.test,far.{aliased}",
        f"--manual-auth-hook={hook} add",
        f"--manual-cleanup-hook={hook} delete",
    )
    lines = [
        f"far.{aliased} end.target.test target.test end",
        f"{aliased} shared.target.test target.test shared",
        "www.example.test _acme-challenge.www.example.test example.test _acme-challenge.www",
    ]
    told = noted.read_text().splitlines()
    assert [line[-1] for line in told] == ["2", "1", "0"] * 2
    assert sorted(line[:-2] for line in told[:3]) == lines
    assert sorted(line[:-2] for line in told[3:]) == lines
    assert not lab.primary.texts("shared.target.test.")
