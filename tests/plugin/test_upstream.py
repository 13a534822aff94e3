"""What certbot lets an authenticator say, and what not: docs/explanation/upstream.md rests on it.

Where one of these fails with a new release, a detour of ours may have become needless.
"""

# ruff: noqa: ANN401 - what certbot gives and takes is loosely typed

from __future__ import annotations

import datetime as dt
import signal
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from acme import challenges, messages
from certbot import errors
from certbot._internal import error_handler
from certbot._internal.auth_handler import AuthHandler
from certbot._internal.error_handler import ErrorHandler, ExitHandler

from tests.plugin.made import ACCOUNT_KEY, write_distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Certbot


class Ca:
    """A CA's client: what is answered is valid, what is deactivated stays so, the rest pending."""

    def __init__(self) -> None:
        self.answered: list[Any] = []
        self.polls = 0
        self.statuses: dict[str, messages.Status] = {}

    def answer_challenge(self, challb: Any, response: Any) -> None:
        if response is not None:
            self.answered.append(response)
            self.statuses[challb.uri.rpartition("/")[2]] = messages.STATUS_VALID

    def poll(self, authorization: Any) -> tuple[Any, Any]:
        self.polls += 1
        status = self.statuses.get(authorization.body.identifier.value, messages.STATUS_PENDING)
        return authorization.update(body=authorization.body.update(status=status)), object()

    def retry_after(self, *_: Any) -> dt.datetime:
        return dt.datetime.now()  # noqa: DTZ005 - certbot's clock


class Authenticator:
    name = "dns-preflight"

    def __init__(self, perform: Callable[[list[Any]], list[Any]]) -> None:
        self.perform = perform
        self.cleaned = False

    def get_chall_pref(self, _: str) -> list[type[challenges.Challenge]]:
        return [challenges.DNS01]

    def cleanup(self, _: list[Any]) -> None:
        self.cleaned = True


def authorization(domain: str) -> messages.AuthorizationResource:
    body = messages.ChallengeBody(
        chall=challenges.DNS01(token=domain.encode().ljust(20, b".")),
        uri=f"https://ca.test/{domain}",
        status=messages.STATUS_PENDING,
    )
    return messages.AuthorizationResource(
        uri=f"https://ca.test/authz/{domain}",
        body=messages.Authorization(
            identifier=messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain),
            status=messages.STATUS_PENDING,
            challenges=[body],
        ),
    )


def refuse(error: errors.Error) -> Callable[[list[Any]], list[Any]]:
    def perform(_: list[Any]) -> list[Any]:
        raise error

    return perform


def handle(
    ca: Any, authenticator: Any, monkeypatch: pytest.MonkeyPatch
) -> list[messages.AuthorizationResource]:
    """Have certbot handle an order of a.test and b.test, with --allow-subset-of-names."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    account: Any = SimpleNamespace(key=ACCOUNT_KEY)
    config: Any = SimpleNamespace(debug_challenges=False)
    order = messages.OrderResource(
        authorizations=[authorization("a.test"), authorization("b.test")]
    )
    handler = AuthHandler(authenticator, ca, account, [])
    return handler.handle_authorizations(order, config, best_effort=True)


@pytest.mark.parametrize(
    ("perform", "raised", "polls"),
    [
        (lambda achalls: achalls[:1], AssertionError, 0),
        (lambda achalls: [None for _ in achalls], errors.AuthorizationError, 30),
        (refuse(errors.PluginError()), errors.PluginError, 0),
        (refuse(errors.AuthorizationError()), errors.AuthorizationError, 0),
        (refuse(errors.FailedChallenges({object()})), errors.FailedChallenges, 0),
    ],
    ids=["fewer responses", "no response", "PluginError", "AuthorizationError", "FailedChallenges"],
)
def test_an_authenticator_cannot_leave_out_a_name_though_certbot_may_do_with_fewer(
    monkeypatch: pytest.MonkeyPatch,
    perform: Callable[[list[Any]], list[Any]],
    raised: type[Exception],
    polls: int,
) -> None:
    ca, authenticator = Ca(), Authenticator(perform)
    with pytest.raises(raised):
        handle(ca, authenticator, monkeypatch)
    assert ca.answered == []
    assert ca.polls == polls * 2
    assert authenticator.cleaned


def test_it_could_with_the_authorization_deactivated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Let's Encrypt counts that as a failed validation: see docs/explanation/upstream.md."""
    ca = Ca()

    def perform(achalls: list[Any]) -> list[Any]:
        ca.statuses["b.test"] = messages.STATUS_DEACTIVATED
        return [achalls[0].response(ACCOUNT_KEY), None]

    valid = handle(ca, Authenticator(perform), monkeypatch)
    assert [one.body.identifier.value for one in valid] == ["a.test"]
    assert len(ca.answered) == 1
    assert ca.polls == 2


NO_RESPONSE = """
from acme import challenges
from certbot import interfaces
from certbot.plugins import common

class Plugin(common.Plugin, interfaces.Authenticator):
    description = "answers nothing"

    @classmethod
    def add_parser_arguments(cls, add): pass
    def prepare(self): pass
    def more_info(self): return self.description
    def get_chall_pref(self, identifier): return [challenges.DNS01]
    def perform(self, achalls): return [None for _ in achalls]
    def cleanup(self, achalls): pass
"""


def test_no_response_ends_an_order_at_pebble_whose_replies_lack_a_link(
    certbot: Certbot, tmp_path: Path
) -> None:
    write_distribution(tmp_path / "installed", "dns-mute", NO_RESPONSE)
    ran = certbot(
        *("certonly", "--domains=a.test,b.test"),
        *("--authenticator=dns-mute", "--allow-subset-of-names"),
        PYTHONPATH=str(tmp_path / "installed"),
    )
    assert ran.status == 1
    assert '"up" Link header missing' in ran.stderr


# -- signals -------------------------------------------------------------------------------------


@pytest.fixture
def _signals_restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in error_handler._SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals_restored")
def test_after_a_success_certbots_signal_handler_stays_and_does_nothing() -> None:
    saved = ErrorHandler(None)
    with saved:
        pass  # as when a renewed certificate has been saved
    assert signal.getsignal(signal.SIGTERM) == saved._signal_handler
    signal.raise_signal(signal.SIGTERM)
    assert saved.received_signals == [signal.SIGTERM]


@pytest.mark.usefixtures("_signals_restored")
def test_then_a_signal_ends_what_the_next_lineage_does_but_not_certbot() -> None:
    cleaned = []
    with ErrorHandler(None):
        pass
    with ExitHandler(cleaned.append, "the challenges"):
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("the signal was ignored")
    assert cleaned == ["the challenges"]
