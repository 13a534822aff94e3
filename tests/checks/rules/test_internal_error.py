from __future__ import annotations

from certbot_dns_preflight.checks.rules import internal_error


def test_it_says_what_to_send_us_and_shows_a_message_harmlessly() -> None:
    found = internal_error.tell("TypeError", "no \x1baddress", where="resolve/txt.py:7 in _ask")
    assert found.code == "internal-error"
    assert found.summary.startswith(
        "internal error in dns-preflight (TypeError at resolve/txt.py:7 in _ask); please send us "
        "this report and the log"
    )
    assert found.cause == "This name could not be checked: TypeError: no \\027address."
    assert internal_error.tell("KeyError", "", where="unknown").cause == (
        "This name could not be checked: KeyError."
    )
