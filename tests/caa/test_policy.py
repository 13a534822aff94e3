"""One CAA RRset at a time: the RFCs' own examples, and the corners that CAs trip over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certbot_dns_preflight.caa.policy import (
    Allowed,
    Ambiguity,
    Forbidden,
    IssuanceRequest,
    Rejection,
    Unjudged,
    decide,
)
from certbot_dns_preflight.facts.caa import Property

OURS = "https://example.net/account/1234"
CA1 = IssuanceRequest(("ca1.example.net",), OURS)
CA2 = IssuanceRequest(("ca2.example.org",), OURS)
NET = IssuanceRequest(("example.net",), OURS)


def records(*lines: str) -> list[Property]:
    parted = (line.split(" ", 2) for line in lines)
    return [Property(int(flags), tag.encode(), value.encode()) for flags, tag, value in parted]


def verdict(lines: tuple[str, ...], issuance: IssuanceRequest, *, wildcard: bool = False) -> str:
    return type(decide(records(*lines), issuance, wildcard=wildcard)).__name__


BOTH = ("0 issue ca1.example.net", "0 issue ca2.example.org")
WILD2 = ("0 issue ca1.example.net", "0 issuewild ca2.example.org")
WILD3 = ("0 issue ca1.example.net", "0 issuewild ;")


@pytest.mark.parametrize(
    ("lines", "issuance", "wildcard", "expected"),
    [
        # RFC 8659 section 4.2
        (BOTH, CA1, False, "Allowed"),
        (BOTH, CA2, False, "Allowed"),
        (BOTH, NET, False, "Forbidden"),
        (("0 issue ;",), CA1, False, "Forbidden"),
        (("0 issue %%%%%",), CA1, False, "Forbidden"),
        (("0 issue ca1.example.net; account=230123",), CA1, False, "Allowed"),
        # section 4.3
        (("0 issue ca1.example.net",), CA1, True, "Allowed"),
        (("0 issue ca1.example.net",), CA2, True, "Forbidden"),
        (WILD2, CA1, True, "Forbidden"),
        (WILD2, CA2, True, "Allowed"),
        (WILD2, CA1, False, "Allowed"),
        (WILD2, CA2, False, "Forbidden"),
        (WILD3, CA1, True, "Forbidden"),
        (WILD3, CA1, False, "Allowed"),
        (("0 issuewild ca1.example.net",), CA2, False, "Allowed"),
        # section 4.4: iodef alone restricts nothing
        (("0 iodef mailto:security@example.com",), CA1, False, "Allowed"),
        (("128 iodef http://iodef.example.com/",), CA1, True, "Allowed"),
        # section 4.5
        (("0 issue ca1.example.net", "128 tbs Unknown"), CA1, False, "Forbidden"),
        (("0 issue ca1.example.net", "0 tbs Unknown"), CA1, False, "Allowed"),
        (("128 issue ca1.example.net",), CA1, False, "Allowed"),
        # RFC 8657 appendix A
        ((f"0 issue example.net; accounturi={OURS}",), NET, False, "Allowed"),
        (
            ("0 issue example.net; accounturi=https://example.net/account/2",),
            NET,
            False,
            "Forbidden",
        ),
        (
            (
                "0 issue example.net; accounturi=https://a.example/2",
                f"0 issue example.net; accounturi={OURS}",
            ),
            NET,
            False,
            "Allowed",
        ),
        (("0 issue example.net; validationmethods=dns-01",), NET, False, "Allowed"),
        (("0 issue example.net; validationmethods=http-01,dns-01",), NET, False, "Allowed"),
        (("0 issue example.net; validationmethods=dns-01,ca-foo",), NET, False, "Allowed"),
        (("0 issue example.net; validationmethods=http-01",), NET, False, "Forbidden"),
        (
            (f"0 issue example.net; accounturi={OURS}; validationmethods=dns-01",),
            NET,
            False,
            "Allowed",
        ),
        (("0 issue ;", "0 issuewild example.net; validationmethods=dns-01"), NET, True, "Allowed"),
        (
            ("0 issue ;", "0 issuewild example.net; validationmethods=dns-01"),
            NET,
            False,
            "Forbidden",
        ),
    ],
)
def test_the_rfcs_own_examples(
    lines: tuple[str, ...],
    issuance: IssuanceRequest,
    wildcard: bool,  # noqa: FBT001 - a column
    expected: str,
) -> None:
    assert verdict(lines, issuance, wildcard=wildcard) == expected


def test_no_set_allows() -> None:
    assert decide([], CA1, wildcard=False) == Allowed(None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("example.net", None),
        ("  example.net\t", None),
        ("example.net;", None),
        ("\texample.net ; ", None),
        ("example.net;a=b", None),
        ("example.net ; a = b ; c=", None),
        ("example.net; validationmethods=dns-01;abc=x=y", None),
        ("example.net; AccountURI=other", None),  # an unknown parameter, as Boulder has it
        ("", Rejection.NO_ISSUER),
        ("  ", Rejection.NO_ISSUER),
        (" ; ", Rejection.NO_ISSUER),
        (";a=b", Rejection.NO_ISSUER),
        ("www.example.net", Rejection.OTHER_ISSUER),
        ("net", Rejection.OTHER_ISSUER),
        ("example.net.", Rejection.MALFORMED),
        ("exa mple.net", Rejection.MALFORMED),
        ("-example.net", Rejection.MALFORMED),
        ("example..net", Rejection.MALFORMED),
        ("ex_ample.net", Rejection.MALFORMED),
        ("exämple.net", Rejection.MALFORMED),
        ("example.net\n", Rejection.MALFORMED),
        ('"example.net"', Rejection.MALFORMED),
        ("example.net a=b", Rejection.MALFORMED),
        ("example.net;a", Rejection.MALFORMED),
        ("example.net;=b", Rejection.MALFORMED),
        ("example.net;a=b;", Rejection.MALFORMED),
        ("example.net;;", Rejection.MALFORMED),
        ("example.net;;a=b", Rejection.MALFORMED),
        ("example.net;a_b=c", Rejection.MALFORMED),
        ("example.net;a=b c", Rejection.MALFORMED),
        ("example.net;a=b\x7f", Rejection.MALFORMED),
        ("example.net;a=\x00", Rejection.MALFORMED),
        ("example.net; validationmethods=dns_01", Rejection.MALFORMED),
        ("example.net; validationmethods=dns-01,", Rejection.MALFORMED),
        ("example.net; validationmethods=,dns-01", Rejection.MALFORMED),
        ("example.net; validationmethods=", Rejection.OTHER_METHOD),
        ("example.net; validationmethods=DNS-01", Rejection.OTHER_METHOD),
        ("example.net; validationmethods=dns-010", Rejection.OTHER_METHOD),
        (f"example.net; accounturi={OURS}/", Rejection.OTHER_ACCOUNT),
        (f"example.net; accounturi={OURS.upper()}", Rejection.OTHER_ACCOUNT),
        ("example.net; accounturi=", Rejection.OTHER_ACCOUNT),
        (f"example.net; accounturi={OURS}; accounturi={OURS}", Rejection.DUPLICATE_PARAMETER),
        (
            "example.net; validationmethods=dns-01; validationmethods=dns-01",
            Rejection.DUPLICATE_PARAMETER,
        ),
    ],
)
def test_a_value_authorises_or_says_why_not(value: str, expected: Rejection | None) -> None:
    item = Property(0, b"issue", value.encode())
    decision = decide([item], NET, wildcard=False)
    if expected is None:
        assert decision == Allowed(item)
    else:
        assert isinstance(decision, Forbidden)
        assert [objection.why for objection in decision.objections] == [expected]


@pytest.mark.parametrize("tag", ["issue", "ISSUE", "IsSuE"])
def test_tags_ignore_case(tag: str) -> None:
    assert verdict((f"0 {tag} other.example",), NET) == "Forbidden"
    assert verdict((f"0 {tag} example.net",), NET) == "Allowed"


def test_any_of_several_identities_will_do() -> None:
    either = IssuanceRequest(("ca.example", "example.net"))
    assert verdict(("0 issue example.net",), either) == "Allowed"
    assert verdict(("0 issue other.example",), either) == "Forbidden"


@pytest.mark.parametrize(
    ("lines", "issuance", "doubt"),
    [
        (("0 issue Example.NET",), NET, Ambiguity.LETTER_CASE),
        (("0 issue example.net",), IssuanceRequest(()), Ambiguity.IDENTITY_UNKNOWN),
        (
            (f"0 issue example.net; accounturi={OURS}",),
            IssuanceRequest(("example.net",)),
            Ambiguity.ACCOUNT_UNKNOWN,
        ),
        (("0 issue example.net", "1 tbs x"), NET, Ambiguity.FLAG_ONE),
        (("1 tbs x",), NET, Ambiguity.FLAG_ONE),
    ],
)
def test_what_cannot_be_judged_is_said(
    lines: tuple[str, ...], issuance: IssuanceRequest, doubt: Ambiguity
) -> None:
    decision = decide(records(*lines), issuance, wildcard=False)
    assert isinstance(decision, Unjudged)
    assert decision.doubt is doubt


@pytest.mark.parametrize(
    ("lines", "issuance"),
    [
        (("0 issue ;",), IssuanceRequest(())),
        (
            ("0 issue example.net; accounturi=a; validationmethods=http-01",),
            IssuanceRequest(("example.net",)),
        ),
        (("0 issue other.example", "1 tbs x"), NET),
    ],
)
def test_a_doubt_that_changes_nothing_is_none(
    lines: tuple[str, ...], issuance: IssuanceRequest
) -> None:
    assert verdict(lines, issuance) == "Forbidden"


def test_a_clear_authorisation_outweighs_a_doubtful_one() -> None:
    lines = ("0 issue Example.net", "0 issue example.net")
    assert verdict(lines, NET) == "Allowed"


properties = st.lists(
    st.builds(
        Property,
        st.integers(0, 255),
        st.sampled_from([b"issue", b"issuewild", b"iodef", b"tbs", b"ISSUE"]),
        st.one_of(
            st.binary(max_size=60),
            st.text(alphabet="example.net;= \tacountridvls-01,", max_size=60).map(str.encode),
            st.sampled_from([b"example.net", b"example.net;validationmethods=dns-01", b";"]),
        ),
    ),
    max_size=6,
)


@given(properties, st.booleans(), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    given_set: list[Property], wildcard: object, random: object
) -> None:
    shuffled = [*given_set, *given_set]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(shuffled, NET, wildcard=bool(wildcard)) == decide(
        given_set, NET, wildcard=bool(wildcard)
    )


@given(properties, st.booleans())
def test_an_unknown_critical_tag_forbids_whatever_else_is_there(
    given_set: list[Property], wildcard: object
) -> None:
    given_set = [*given_set, Property(128, b"future", b"")]
    assert isinstance(decide(given_set, NET, wildcard=bool(wildcard)), Forbidden)


@given(st.binary(max_size=80))
def test_another_issuer_never_authorises(value: bytes) -> None:
    decision = decide([Property(0, b"issue", value)], NET, wildcard=False)
    named = value.split(b";")[0].strip(b" \t") == b"example.net"
    assert not isinstance(decision, Allowed) or named


@pytest.mark.parametrize("wildcard", [False, True])
@pytest.mark.parametrize("tag", ["issuemail", "issuevmc", "IssueVMC"])
def test_what_issues_other_certificates_is_known_and_says_nothing_about_web_servers(
    tag: str, *, wildcard: bool
) -> None:
    assert verdict((f"128 {tag} ;",), CA1, wildcard=wildcard) == "Allowed"
    only = ("0 issue ca1.example.net", f"128 {tag} ;")
    assert verdict(only, CA1, wildcard=wildcard) == "Allowed"
    assert verdict(only, CA2, wildcard=wildcard) == "Forbidden"


@pytest.mark.parametrize("tag", ["contactemail", "contactphone"])
def test_registered_tags_that_not_every_ca_knows_are_a_doubt_where_critical(tag: str) -> None:
    assert verdict((f"0 {tag} x",), CA1) == "Allowed"
    found = decide(records(f"128 {tag} x"), CA1, wildcard=False)
    assert isinstance(found, Unjudged)
    assert found.doubt is Ambiguity.LITTLE_KNOWN
    assert verdict((f"128 {tag} x", "128 tbs x"), CA1) == "Forbidden"
    assert verdict((f"128 {tag} x", "0 issue ;"), CA1) == "Forbidden"


V02 = IssuanceRequest(("letsencrypt.org",), "https://acme-v02.api.letsencrypt.org/acme/acct/5")
STAGING = IssuanceRequest(
    ("letsencrypt.org",), "https://acme-staging-v02.api.letsencrypt.org/acme/acct/5"
)


@pytest.mark.parametrize(
    ("url", "issuance", "expected"),
    [
        ("acme-v01.api.letsencrypt.org/acme/reg/5", V02, "Unjudged"),
        ("acme-v01.api.letsencrypt.org/acme/reg/6", V02, "Forbidden"),
        ("acme-v01.api.letsencrypt.org/acme/reg/5", STAGING, "Forbidden"),
        ("acme-staging.api.letsencrypt.org/acme/reg/5", STAGING, "Unjudged"),
        ("acme-v01.api.letsencrypt.org.example/acme/reg/5", V02, "Forbidden"),
        ("acme-v01.api.letsencrypt.org/acme/reg/5", NET, "Forbidden"),
    ],
)
def test_an_accounts_url_of_acmev1_is_that_of_the_same_number(
    url: str, issuance: IssuanceRequest, expected: str
) -> None:
    assert verdict((f"0 issue letsencrypt.org; accounturi=https://{url}",), issuance) == expected


def test_the_mildest_doubt_of_several_records_counts_and_the_gravest_of_one() -> None:
    hyphen = "0 issue letsencrypt.org; foo-bar=1"
    old = "0 issue letsencrypt.org; accounturi=https://acme-v01.api.letsencrypt.org/acme/reg/5"
    for lines, doubt in (
        ((hyphen,), Ambiguity.HYPHEN),
        ((f"{old}; foo-bar=1",), Ambiguity.HYPHEN),
        ((hyphen, old), Ambiguity.OLD_ACCOUNT),
    ):
        found = decide(records(*lines), V02, wildcard=False)
        assert isinstance(found, Unjudged)
        assert found.doubt is doubt
    assert verdict((hyphen, "0 issue letsencrypt.org"), V02) == "Allowed"
