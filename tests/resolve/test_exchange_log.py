"""What is logged of questions and answers, and how much of it."""

from __future__ import annotations

import asyncio
import logging

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from certbot_dns_preflight.facts.answers import (
    Endpoint,
    NoResponse,
    NoResponseReason,
    Response,
    Transport,
)
from certbot_dns_preflight.resolve import exchange_log
from certbot_dns_preflight.resolve.exchange import Exchange
from certbot_dns_preflight.resolve.exchange_log import (
    LONGEST_LINE,
    MOST_CHARACTERS,
    WHOLE,
    ExchangeLog,
)

NAME = dns.name.from_text("_acme-challenge.example.test.")
TXT = dns.rdatatype.TXT
SERVER = Endpoint("192.0.2.1")


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    monkeypatch.delenv(WHOLE, raising=False)
    logger = logging.getLogger("certbot_dns_preflight.resolve.exchange")
    caplog.set_level(logging.DEBUG, logger.name)
    return logger


def answer(*values: str) -> Response:
    message = dns.message.make_response(dns.message.make_query(NAME, TXT))
    message.flags |= dns.flags.AA
    if values:
        lines = [f'"{value}"' for value in values]
        message.answer = [dns.rrset.from_text(NAME, 60, "IN", "TXT", *lines)]
    return Response(message, Transport.UDP, 0.0123)


LARGE = answer(*(f"{n:05}-of-as-many-values-as-64-KiB-hold" for n in range(1200)))


def test_an_answer_is_a_line(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    written = ExchangeLog(log)
    written.write(SERVER, NAME, TXT, answer("a", "b"))
    written.write(SERVER, NAME, TXT, answer())
    lost = NoResponse(NoResponseReason.TIMED_OUT, "no answer within 3 s", 3.0)
    written.write(SERVER, NAME, TXT, lost)
    asked = "192.0.2.1#53 _acme-challenge.example.test. TXT: "
    assert caplog.messages == [
        asked + "NOERROR QR AA RD over udp (0.012 s): "
        '_acme-challenge.example.test. 60 TXT "a"; _acme-challenge.example.test. 60 TXT "b"',
        asked + "NOERROR QR AA RD over udp (0.012 s): no records",
        asked + "timed out: no answer within 3 s (3.000 s)",
    ]


def test_a_large_answer_is_a_short_line_that_counts_the_rest(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[dns.rdata.Rdata] = []
    text = exchange_log._text  # what is counted is the work

    def counted(rdata: dns.rdata.Rdata) -> str:
        written.append(rdata)
        return text(rdata)

    monkeypatch.setattr(exchange_log, "_text", counted)
    ExchangeLog(log).write(SERVER, NAME, TXT, LARGE)
    [line] = caplog.messages
    assert len(line) <= LONGEST_LINE
    assert line.count('"') == 2 * len(written)
    assert 0 < len(written) < 20
    assert line.endswith(f"; and {1200 - len(written)} more")


def test_one_long_record_is_cut(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    long = " ".join(['"' + "\\001" * 255 + '"'] * 200)
    response = answer()
    response.message.answer = [dns.rrset.from_text(NAME, 60, "IN", "TXT", long)]
    ExchangeLog(log).write(SERVER, NAME, TXT, response)
    [line] = caplog.messages
    assert len(line) < LONGEST_LINE
    assert "characters)" in line


def test_a_run_logs_so_much_and_then_says_that_it_is_all(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    written = ExchangeLog(log)
    for _ in range(20_000):
        written.write(SERVER, NAME, TXT, LARGE)
    size = sum(map(len, caplog.messages))
    assert MOST_CHARACTERS <= size < MOST_CHARACTERS + 2 * LONGEST_LINE
    assert WHOLE in caplog.messages[-1]
    assert sum(WHOLE in message for message in caplog.messages) == 1


def test_all_is_logged_on_request(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WHOLE, "1")
    written = ExchangeLog(log)
    for _ in range(30):
        written.write(SERVER, NAME, TXT, LARGE)
    assert len(caplog.messages) == 30
    assert all("01199-of" in message for message in caplog.messages)


def test_nothing_is_worded_where_nobody_listens(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, log.name)
    monkeypatch.setattr(exchange_log, "_texts", lambda *_: pytest.fail("nobody reads it"))
    ExchangeLog(log).write(SERVER, NAME, TXT, LARGE)
    assert not caplog.messages


def test_what_dnspython_cannot_write_is_logged_as_such(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = answer("a")
    monkeypatch.setattr(
        type(response.message.answer[0][0]), "to_text", lambda _: b"\xff".decode("utf-8")
    )
    ExchangeLog(log).write(SERVER, NAME, TXT, response)
    assert "(no text for it: UnicodeDecodeError)" in caplog.text


def test_control_characters_do_not_get_into_it(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    reply = NoResponse(NoResponseReason.GARBAGE, "\x1b[2J\n", 1.0)
    ExchangeLog(log).write(SERVER, NAME, TXT, reply)
    [line] = caplog.messages
    assert line.isprintable()


def test_an_exchange_logs_so(caplog: pytest.LogCaptureFixture, in_namespace: None) -> None:  # noqa: ARG001
    nobody = Endpoint("127.0.0.1", 1)
    asyncio.run(Exchange(query_timeout=20).ask(nobody, NAME, TXT))
    assert caplog.messages
    assert all(
        m.startswith("127.0.0.1#1 _acme-challenge.example.test. TXT: ") for m in caplog.messages
    )
