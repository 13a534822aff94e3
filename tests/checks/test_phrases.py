"""How what others chose is quoted in sentences: bounded, and the remark on that outside of it."""

from __future__ import annotations

from certbot_dns_preflight.checks import phrases
from tests.builders.survey import name


def test_what_is_left_out_stands_outside_of_the_quotes() -> None:
    odd = name("[red]." + "x" * 60 + ".example.")
    assert phrases.host(odd) == '"' + "[red]." + "x" * 34 + '..." (34 more characters)'
    assert phrases.value(b"a" * 70) == '"' + "a" * 60 + '..." (10 more bytes)'
    assert phrases.quoted("abcdef", 3) == '"abc..." (3 more characters)'


def test_what_is_short_is_quoted_whole() -> None:
    assert phrases.quoted("abc", 3) == '"abc"'
    assert phrases.quoted("\x1b[31m") == '"\\027[31m"'
    assert phrases.value(b"abc") == '"abc"'
