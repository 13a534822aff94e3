from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certbot_dns_preflight.checks.edit_distance import common_prefix
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import EarlyEnd
from certbot_dns_preflight.report import text
from certbot_dns_preflight.report.side_by_side import side_by_side
from certbot_dns_preflight.report.surface import Surface, as_typed
from tests.builders.strategies import OUTCOMES, VALUES
from tests.builders.survey import THERE, VALUE, error, judged, run, seen, texts
from tests.report import scenarios

PAGES = Path(__file__).parent / "pages"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = ("dig ", "check     dig ", "check     for i")
CLOSED = {"behind", "hundred_names"}
slowly = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("name", scenarios.ALL)
def test_the_page_of_each_scenario_is_exactly_the_one_kept(name: str) -> None:
    closing, surface = None, Surface.COMMAND
    if name in CLOSED:
        closing, surface = scenarios.UNANSWERED, Surface.CERTBOT
    page = text.render(scenarios.ALL[name](), closing=closing, surface=surface)
    assert page + "\n" == (PAGES / f"{name}.txt").read_text()


@pytest.mark.parametrize(
    ("name", "early_end", "words"),
    [
        ("loop", EarlyEnd(10.2), "waited 10 s of 300 s (more time changes nothing)"),
        ("dead_server", EarlyEnd(30.4, 245.0), "waited 30 s of 300 s (already silent 4 min ago)"),
        ("dead_server", EarlyEnd(7.0, 8.1), "waited 7 s of 300 s (already silent 8.1 s ago)"),
    ],
)
def test_a_wait_that_ended_early_says_why(name: str, early_end: EarlyEnd, words: str) -> None:
    outcome = scenarios.ALL[name]()
    early = tuple(replace(each, early_end=early_end) for each in outcome.challenges)
    page = text.render(replace(outcome, challenges=early))
    assert words in " ".join(page.split())


@pytest.mark.parametrize("name", scenarios.ALL)
@pytest.mark.parametrize("width", [44, 80, 120, 200])
def test_no_line_exceeds_the_width_but_for_a_single_unbreakable_word(name: str, width: int) -> None:
    for line in text.render(scenarios.ALL[name](), width=width).split("\n"):
        copied = ' TXT "' in line or " CAA " in line or line.lstrip().startswith(COMMANDS)
        assert copied or len(line) <= width or len(line.split()[-1]) > width - 20


@pytest.mark.parametrize("name", scenarios.ALL)
def test_colour_changes_nothing_but_colours(name: str) -> None:
    outcome = scenarios.ALL[name]()
    coloured = text.render(outcome, colour=True)
    assert COLOURS.sub("", coloured) == text.render(outcome)
    assert coloured.split("\n")[0].startswith("\x1b[1;3")


@pytest.mark.parametrize("name", scenarios.ALL)
def test_a_page_stays_readable_however_much_failed(name: str) -> None:
    blocks = 6 if name == "ten_different_failures" else 2
    assert len(text.render(scenarios.ALL[name]()).split("\n")) <= 5 + 25 * blocks


@slowly
@given(OUTCOMES, st.integers(10, 120))
def test_whatever_was_served_the_page_is_printable_ascii(outcome, width) -> None:  # noqa: ANN001 - made
    page = text.render(outcome, width=width)
    assert all(0x20 <= ord(character) <= 0x7E or character == "\n" for character in page)
    assert page.split("\n")[0].startswith(("Ready:", "Not ready:", "Cannot tell:"))
    assert not any(line != line.rstrip() for line in page.split("\n"))


@slowly
@given(OUTCOMES)
def test_with_unicode_there_are_still_no_controls(outcome) -> None:  # noqa: ANN001 - made
    page = text.render(outcome, unicode=True)
    assert all(character.isprintable() or character == "\n" for character in page)


def test_text_that_is_not_ascii_is_measured_as_it_is_written() -> None:
    words = "\N{GREEK SMALL LETTER ALPHA}" * 9
    found = error("wrong-value", "it differs.", cause=" ".join([words] * 20))
    page = text.render(run(judged(scenarios.three_servers(THERE)[0], findings=(found,))))
    assert r"\u03b1" in page
    assert max(len(line) for line in page.split("\n")) <= 80


def test_ellipses_are_one_character_where_unicode_is_fine() -> None:
    page = text.render(scenarios.long_value(), unicode=True)
    assert "\N{HORIZONTAL ELLIPSIS}" in page
    assert "..." not in page


@given(VALUES, VALUES, st.integers(24, 100))
def test_the_mark_stands_under_the_first_differing_byte(
    expected: bytes, served: bytes, room: int
) -> None:
    if expected == served:
        return
    layout = side_by_side(expected, served, room=room)
    offset = common_prefix(expected, served)
    column = layout.marks[0].index("^") if layout.marks[0].strip("^ ") == "" else None
    if column is None:
        column = re.search(r"(?<!\S)\^+(?!\S)", layout.marks[0]).start()  # type: ignore[union-attr]
    assert expected[:offset] == served[:offset]
    assert layout.expected[:column] == layout.served[:column] or layout.served == "(empty)"
    rest = "".join(layout.served[column:])
    if offset < len(served):
        byte = served[offset]
        shown = chr(byte) if 0x20 <= byte <= 0x7E and byte != 0x5C else f"\\{byte:03d}"
        assert rest.startswith(shown)
    assert max(len(layout.expected), len(layout.served)) <= room


@pytest.mark.parametrize(
    ("surface", "words"),
    [
        (Surface.COMMAND, "raise --timeout; --query-timeout and --timeouts are others"),
        (
            Surface.CERTBOT,
            (
                "raise --dns-preflight-timeout; --dns-preflight-query-timeout and --timeouts are "
                "others"
            ),
        ),
    ],
)
def test_options_are_named_as_they_are_typed(surface: Surface, words: str) -> None:
    written = "raise --timeout; --query-timeout and --timeouts are others"
    assert as_typed(written, surface) == words


def test_what_a_server_sent_is_no_option() -> None:
    served = 'the value is "--timeout 5"; raise --timeout'
    assert as_typed(served, Surface.CERTBOT) == (
        'the value is "--timeout 5"; raise --dns-preflight-timeout'
    )


def test_under_certbot_the_whole_report_names_certbot_s_options() -> None:
    page = text.render(scenarios.behind(), surface=Surface.CERTBOT)
    assert "set --dns-preflight-timeout to more than" in " ".join(page.split())
    assert " --timeout" not in page
    assert "--dns-preflight-report FILE lists them all" in text.render(
        scenarios.hundred_zones(), surface=Surface.CERTBOT
    )


def test_under_certbot_a_value_to_publish_is_for_this_run_only() -> None:
    certbot = text.render(scenarios.nothing_published(), surface=Surface.CERTBOT)
    note = "The record (for this run only; certbot's next run needs another value):"
    assert note in " ".join(certbot.split())
    assert "web form" not in certbot
    assert f"  {scenarios.RECORD}\n" in certbot


def test_a_warning_of_what_is_ready_can_be_read_about() -> None:
    page = text.render(scenarios.ready_beside_dead_ipv6())
    assert page.endswith("\n\nMore: dns-preflight explain address-unreachable")
    assert "More:" not in text.render(scenarios.without_address_alike())


def test_a_silent_server_of_both_families_is_asked_over_both() -> None:
    page = text.render(scenarios.dead_server())
    assert "check     dig +norec +tries=2 @192.0.2.2 example.com SOA\n" in page
    assert "          dig +norec +tries=2 @2001:db8::2 example.com SOA\n" in page
    assert "IPV6" not in text.render(scenarios.ten_different_failures())


def test_several_causes_have_numbered_headings() -> None:
    lines = text.render(scenarios.ten_different_failures(), width=120).split("\n")
    headings = [line for line in lines if re.match(r"\d+\. ", line)]
    assert headings[1] == "2. ns1.shop2.example does not answer."
    assert [line.partition(".")[0] for line in headings] == list("123456")


def test_on_a_terminal_the_verdict_is_the_last_line_too() -> None:
    lines = text.render(scenarios.hundred_zones(), width=120, repeated=True).split("\n")
    assert lines[-1] == lines[0]
    assert lines[0].startswith("Not ready: 94 of 94 names; ns2.hoster.example refuses queries for")
    assert text.render(scenarios.ready(), repeated=True) == text.render(scenarios.ready())


def test_in_detail_every_name_and_every_failure_is_there() -> None:
    page = text.render(scenarios.hundred_zones(), detailed=True)
    assert all(re.search(rf"\bhost{number}\.example\b", page) for number in range(94))
    assert "more" not in page
    assert "Not shown" not in text.render(scenarios.ten_different_failures(), detailed=True)


def test_the_characters_that_differ_stand_out() -> None:
    page = text.render(scenarios.one_character_off(), colour=True)
    assert "nR1sL\x1b[1;31m0\x1b[0mpW6" in page
    assert "nR1sL\x1b[1;31mO\x1b[0mpW6" in page


def test_only_what_a_finding_compared_stands_side_by_side() -> None:
    compared = text.render(scenarios.one_character_off())
    finding = error("mangled-value", "all 3 name servers serve a value that differs.")
    served = scenarios.three_servers(texts(VALUE.replace(b"0p", b"Op")))
    bare = text.render(run(judged(*served, findings=(finding,))))
    assert 'character 22 of 43: capital letter "O" instead of digit "0"' in compared
    assert "^" not in bare
    assert f"  expected  {VALUE.decode()}\n  served    " in bare


@pytest.mark.parametrize("name", ["unstable", "bogus"])
def test_no_answer_is_green_that_the_headline_calls_wrong(name: str) -> None:
    page = text.render(scenarios.ALL[name](), colour=True)
    wrong = "ok now, 21 changes" if name == "unstable" else "record present, DNSSEC fails"
    assert f"m{wrong}\x1b[0m" in page
    assert f"\x1b[32m{wrong}" not in page


def test_an_error_that_was_left_out_of_the_verdict_is_still_told() -> None:
    server = seen("ns1.example.net.", "192.0.2.1", THERE)
    ready = judged(server, findings=(error("caa-forbids", "CAA forbids it."),))
    outcome = run(type(ready)(ready.survey, type(ready.verdict)("ready"), ready.findings))
    page = text.render(outcome)
    assert page.startswith("Ready: example.com (1 name server, 1 address).")
    assert "  error     CAA forbids it (caa-forbids)." in page
    assert "explain" not in page


def test_what_was_put_in_is_not_said_to_be_instead_of_a_character() -> None:
    pages = {
        name: text.render(scenarios.ALL[name]())
        for name in ("line_end_within", "quoted", "truncated", "long_value")
    }
    assert not [name for name, page in pages.items() if "instead of" in page]
    assert not [name for name, page in pages.items() if "starting at character 1" in page]
    assert "extra: a line break (CR LF) after character 20" in pages["line_end_within"]
    assert 'extra: a quotation mark (") at the start' in pages["quoted"]


def test_every_failure_has_a_fix_and_a_command() -> None:
    for name, scenario in scenarios.ALL.items():
        outcome = scenario()
        errors = [
            finding
            for challenge in outcome.challenges
            for finding in challenge.findings
            if finding.severity is Severity.ERROR
        ]
        assert all(finding.remedy and finding.cause for finding in errors), name
        page = text.render(outcome)
        assert not errors or re.search(r"^  check     (dig|for i in|whois) ", page, re.MULTILINE), (
            name
        )


def test_every_cause_of_one_name_has_a_sentence_a_fix_and_commands() -> None:
    lines = text.render(scenarios.dead_server()).split("\n")
    for label, times in (("also", 2), ("cause", 3), ("fix", 3), ("check", 3)):
        assert sum(line.startswith(f"  {label:<10}") for line in lines) == times
    assert "            dig +norec @192.0.2.1 example.com SOA" in lines


def test_what_can_be_done_instead_follows_the_record_it_is_not_about() -> None:
    page = text.render(scenarios.aliased())
    record = page.index("acme.example.org. TXT")
    assert record < page.index("Alternatively, if nothing else")


def test_values_that_have_nothing_in_common_are_not_marked() -> None:
    assert "^" not in text.render(scenarios.sixty_values())


def test_a_value_that_some_servers_have_is_shown_with_them() -> None:
    page = text.render(scenarios.thirteen_servers())
    value = scenarios.OTHER.decode()
    assert f"  served    {value}\n            by k.dns.example.net, l.dns.example.net\n" in page


def test_a_name_that_is_none_stands_in_quotes_and_never_fills_the_page() -> None:
    first = text.render(scenarios.hostile_names(), width=200).split("\n")[0]
    assert first.startswith('Not ready: "\\027[31m[red]\\010.xxx')
    assert first.endswith(
        '..." (87 more characters) answers SERVFAIL for example.com. 1 other problem is listed '
        "below."
    )


def test_no_command_asks_a_cache_where_a_name_server_is_known() -> None:
    for name in ("bogus", "loop", "long_chain", "behind"):
        page = text.render(scenarios.ALL[name]())
        commands = re.findall(r"^ +(?:check     )?(dig .*)$", page, re.MULTILINE)
        assert commands, name
        assert all(" +norec @" in command for command in commands), name


def test_several_causes_of_one_name_are_counted_and_each_can_be_read_about() -> None:
    lines = text.render(scenarios.dead_server()).split("\n")
    assert " ".join(line.strip() for line in lines[:2]) == (
        "Not ready: ns4.example.net had the record earlier in this run, but no longer returns it. "
        "2 other problems are listed below."
    )
    assert " ".join(lines[-2:]) == (
        "More: dns-preflight explain record-vanished (also nameserver-unreachable, "
        "nameserver-refuses)"
    )


def test_a_figure_keeps_its_unit_at_any_width() -> None:
    for width in range(44, 120):
        page = text.render(scenarios.thirteen_servers(), width=width)
        assert not re.search(r"\d\n +s\b", page), width


def test_a_server_that_is_behind_is_compared_with_one_that_is_not() -> None:
    page = text.render(scenarios.behind())
    assert "dig +norec @198.51.100.3 example.com SOA" in page
    assert "dig +norec @192.0.2.1 example.com SOA" in page


def test_addresses_that_nobody_asked_are_counted() -> None:
    page = text.render(scenarios.ready_without_ipv6())
    assert "This host has no IPv6 route; 1 IPv6 address was not checked." in " ".join(page.split())
