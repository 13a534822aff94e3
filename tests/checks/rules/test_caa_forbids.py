# ruff: noqa: ISC004 - a table of long sentences

from __future__ import annotations

import dns.name
import pytest

from certbot_dns_preflight.caa.policy import IssuanceRequest
from certbot_dns_preflight.facts.caa import (
    AliasTo,
    CaaAnswer,
    Climb,
    Failed,
    Look,
    Properties,
    Property,
)
from certbot_dns_preflight.facts.finding import Severity
from tests.checks.asserting import LETS_ENCRYPT, of_caa
from tests.checks.climbs import EMPTY, ZONE, answers, climbed, only, props

OF_ACMEV1 = "https://acme-v01.api.letsencrypt.org/acme/reg/5"
NUMBER_5 = IssuanceRequest(("letsencrypt.org",), "https://acme-v02.api.letsencrypt.org/acme/acct/5")


@pytest.mark.parametrize(
    ("lines", "summary", "remedy"),
    [
        (
            ["0 issue other-ca.example"],
            "CAA at example.com allows only other-ca.example, not letsencrypt.org.",
            "If letsencrypt.org should issue for this domain, keep the existing records and add "
            'example.com. CAA 0 issue "letsencrypt.org". Alternatively, get the certificate from '
            "other-ca.example.",
        ),
        (
            ["0 issue ;", "0 issue a.example", "0 issue b.example"],
            "CAA at example.com allows only a.example and b.example, not letsencrypt.org.",
            "If letsencrypt.org should issue for this domain, keep the existing records and add "
            'example.com. CAA 0 issue "letsencrypt.org". Alternatively, get the certificate from '
            "a.example or b.example.",
        ),
        (
            ["0 issue ;"],
            "CAA at example.com allows no CA at all.",
            "If letsencrypt.org should issue for this domain, add "
            'example.com. CAA 0 issue "letsencrypt.org".',
        ),
        (
            ["0 issue a.example", "0 issue letsencrypt.org; accounturi=https://ca.example/acct/2"],
            "CAA at example.com allows letsencrypt.org only for another ACME account.",
            "Set accounturi=https://ca.example/acct/1 (the account that requests the certificate).",
        ),
        (
            ["0 issue letsencrypt.org; validationmethods=http-01"],
            "CAA at example.com does not allow letsencrypt.org to validate with dns-01.",
            "Set validationmethods=http-01,dns-01.",
        ),
        (
            ["0 issue letsencrypt.org; validationmethods="],
            "CAA at example.com does not allow letsencrypt.org to validate with dns-01.",
            "Set validationmethods=dns-01.",
        ),
        (
            ["0 issue letsencrypt.org; accounturi=a; accounturi=b"],
            "CAA at example.com has accounturi twice in one record, so no CA may issue.",
            "Remove one of them, or split the record in two: example.com. CAA 0 issue "
            '"letsencrypt.org; accounturi=a; accounturi=b".',
        ),
        (
            ["0 issue letsencrypt.org."],
            "CAA at example.com has a malformed record, so no CA may issue "
            "(no issuer domain name).",
            'Replace it with example.com. CAA 0 issue "letsencrypt.org".',
        ),
        (
            ["0 issue letsencrypt.org", "128 future x"],
            'CAA at example.com has a critical property that CAs do not know: "future".',
            "Correct the tag, set the flags to 0, or remove the record: "
            'example.com. CAA 128 future "x".',
        ),
    ],
)
def test_each_reason_has_its_words(lines: list[str], summary: str, remedy: str) -> None:
    found = only(climbed(props(*lines), props(*lines)))
    assert found.code == "caa-forbids"
    assert found.severity is Severity.ERROR
    assert found.summary == summary
    assert found.remedy == remedy
    assert found.cause.startswith("ns1.example.net and ns2.example.net serve th")
    assert found.evidence["name"] == "example.com."


@pytest.mark.parametrize(
    "line", ["0 issue other-ca.example", "0 issue ;", "128 future x", "0 issue LetsEncrypt.org"]
)
@pytest.mark.parametrize("above", ["com.", "co.uk."])
def test_where_a_registrys_set_decides_the_advice_is_a_set_of_ones_own(
    line: str, above: str
) -> None:
    registry = dns.name.from_text(above)
    domain = dns.name.from_text("example", registry)
    www = dns.name.from_text("www", domain)
    looks = tuple(
        Look(name, answers(name, props(line) if name == registry else EMPTY))
        for name in (www, domain, registry)
    )
    found = only(Climb(www, looks))
    assert f'Add a CAA of your own: example.{above} CAA 0 issue "letsencrypt.org"' in found.remedy
    assert found.summary.startswith(f"CAA at {above.rstrip('.')} ")


def test_a_forbidden_wildcard_is_told_beside_an_allowed_name() -> None:
    climb = climbed(props("0 issue letsencrypt.org", "0 issuewild ;"))
    found = only(climb, wildcard=(True, False))
    assert found.summary == "CAA at example.com allows no CA at all for wildcards."
    assert found.remedy == (
        "If letsencrypt.org should issue for this domain, "
        'add example.com. CAA 0 issuewild "letsencrypt.org".'
    )
    assert found.evidence["wildcard"] is True


def test_what_holds_for_both_kinds_of_name_is_told_once() -> None:
    assert only(climbed(props("0 issue a.example")), wildcard=(True, False))


def test_hostile_records_are_escaped() -> None:
    hostile = Properties((Property(128, b"x", b"\x1b[31m\n\xff"),))
    found = only(climbed(hostile))
    for text in (found.summary, found.cause, found.remedy):
        assert text.isprintable()
        assert text.isascii()


def test_a_long_record_is_bounded_in_words_and_whole_in_evidence() -> None:
    found = only(climbed(props(*(f"0 issue ca{i}.example; a={'x' * 900}" for i in range(30)))))
    assert len(found.summary) < 600
    assert len(found.cause) < 2000
    assert len(found.evidence["records"]) == 30  # type: ignore[arg-type]


def test_the_closest_set_alone_counts() -> None:
    allowing = (props("0 issue letsencrypt.org"),)
    assert not list(of_caa(climbed(props("0 issue ;"), at_www=allowing), LETS_ENCRYPT))


def test_an_alias_in_a_circle_cannot_be_read() -> None:
    www = dns.name.from_text("www", ZONE)
    circle = CaaAnswer(www, www, None, None, Failed("the alias leads in a circle"))
    look = Look(www, (*answers(www, AliasTo(www)), circle))
    assert not [f for f in of_caa(Climb(www, (look,)), LETS_ENCRYPT) if f.code == "caa-forbids"]


@pytest.mark.parametrize(
    ("lines", "issuance", "severity"),
    [
        (["0 issue LetsEncrypt.org"], LETS_ENCRYPT, Severity.ERROR),
        (["0 issue Pki.goog"], IssuanceRequest(("pki.goog",)), Severity.WARNING),
        (["1 tbs x"], LETS_ENCRYPT, Severity.ERROR),
        (["1 tbs x"], IssuanceRequest(("pki.goog",)), Severity.WARNING),
        (["0 issue letsencrypt.org; foo-bar=1"], LETS_ENCRYPT, Severity.ERROR),
        (["0 issue pki.goog; foo-bar=1"], IssuanceRequest(("pki.goog",)), Severity.WARNING),
        (["128 contactphone x"], LETS_ENCRYPT, Severity.ERROR),
        (["128 contactemail a@example.com"], IssuanceRequest(("pki.goog",)), Severity.WARNING),
        ([f"0 issue letsencrypt.org; accounturi={OF_ACMEV1}"], NUMBER_5, Severity.WARNING),
        (["0 issue pki.goog"], IssuanceRequest(()), Severity.WARNING),
        (["0 issue pki.goog; accounturi=a"], IssuanceRequest(("pki.goog",)), Severity.WARNING),
    ],
)
def test_doubts_warn_unless_this_ca_is_known_to_refuse(
    lines: list[str], issuance: IssuanceRequest, severity: Severity
) -> None:
    found = only(climbed(props(*lines)), issuance)
    assert (found.code, found.severity) == ("caa-forbids", severity)
