"""Worlds of others: that their files are read as they mean them, and played end to end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from tests.differential import corefile, testbound
from tests.differential.replay import Scene, scenes

ROOT = Path(__file__).parent.parent.parent

LIST = """\
# the root
. {
    bind 127.70.0.1   # a
    bind fd70::1
    log
    file root.zone .
}
test:53 {
    bind 127.70.0.2
    file test.zone test
    file good.zone good.test
}
import sub/lame.cfg
"""
IMPORTED = r"""lame.test:53 {
    bind 127.70.0.3
    template IN CAA lame.test. {
        rcode SERVFAIL
    }
    template IN TXT lame.test {
        match "^_acme-challenge[.]"
        answer "{{ .Name }} 60 IN TXT \"made up\""
        authoritative false
    }
    file lame.zone lame.test
}
. {
    bind 127.70.0.9
    forward . 127.70.0.1
}
"""
ROOT_ZONE = """\
$TTL 60
@ SOA ns.test. h.test. 1 60 60 60 60
@ NS a.test.
a.test. A 127.70.0.1
test. NS ns.test.
ns.test. A 127.70.0.2
"""
TEST_ZONE = """\
$TTL 60
@ SOA ns h 1 60 60 60 60
@ NS ns
ns A 127.70.0.2
a A 127.70.0.1
good NS ns
lame NS ns.lame
ns.lame A 127.70.0.3
"""
GOOD_ZONE = "$TTL 60\n@ SOA ns.test. h.test. 1 60 60 60 60\n@ NS ns.test.\n*.w TXT any\n"
LAME_ZONE = "$TTL 60\n@ SOA ns h 1 60 60 60 60\n@ NS ns\nns A 127.70.0.3\n"

REPLAY = """\
server:
    trust-anchor: "example. 3600 IN DS 1444 8 2 \
0d93d5b1b6a2a7a4c0a4b8a5b4f1e8d5c9f0b7f3d2a1c6e5b8a7968574635241"
    val-override-date: "20120420235959"
stub-zone:
    name: "."
    stub-addr: 193.0.14.129  # K
CONFIG_END
SCENARIO_BEGIN two steps
RANGE_BEGIN 0 10
    ADDRESS 193.0.14.129
ENTRY_BEGIN
MATCH opcode subdomain
ADJUST copy_id copy_query
REPLY QR NOERROR
SECTION QUESTION
example. IN A
SECTION AUTHORITY
example. IN NS ns.example.
SECTION ADDITIONAL
ns.example. IN A 192.0.2.1
ENTRY_END
RANGE_END
RANGE_BEGIN 0 10
    ADDRESS 192.0.2.1
ENTRY_BEGIN
MATCH opcode qname qtype
REPLY QR AA NOERROR
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. 60 IN A 192.0.2.9 ; an answer
SECTION AUTHORITY
example. IN NS ns.example.
SECTION ADDITIONAL
txt.example. IN TXT "a;b"
ENTRY_END
RANGE_END
STEP 1 QUERY
ENTRY_BEGIN
REPLY RD DO
SECTION QUESTION
www.example. IN A
ENTRY_END
STEP 10 CHECK_ANSWER
ENTRY_BEGIN
MATCH all
REPLY QR RD RA AD NOERROR
SECTION QUESTION
www.example. IN A
SECTION ANSWER
www.example. 60 IN A 192.0.2.9
ENTRY_END
STEP 11 QUERY
ENTRY_BEGIN
REPLY RD
SECTION QUESTION
bad.example. IN TXT
ENTRY_END
STEP 12 CHECK_ANSWER
ENTRY_BEGIN
MATCH all
REPLY QR RD RA SERVFAIL
SECTION QUESTION
bad.example. IN TXT
ENTRY_END
SCENARIO_END
"""

OLD_REPLAY = REPLAY.replace("DS 1444 8 2", "DS 1444 3 2")  # DSA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name, text in {
        "main.cfg": LIST,
        "sub/lame.cfg": IMPORTED,
        "root.zone": ROOT_ZONE,
        "test.zone": TEST_ZONE,
        "good.zone": GOOD_ZONE,
        "lame.zone": LAME_ZONE,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def listed(folder: Path) -> corefile.Listed:
    return corefile.Listed(corefile.read(folder / "main.cfg", folder), folder)


def ask(
    answering: corefile.Listed | testbound.Scripted, address: str, name: str, rdtype: str
) -> dns.message.Message | None:
    query = dns.message.make_query(name, rdtype)
    reply, late = answering.reply(query.to_wire(), address, tcp=False)
    assert late == 0
    return None if reply is None else dns.message.from_wire(reply)


def answered(answering: corefile.Listed | testbound.Scripted, *question: str) -> list[str]:
    message = ask(answering, *question)
    assert message is not None
    return [rrset.to_text() for rrset in message.answer]


def test_a_zone_list_is_read_with_what_it_imports(folder: Path) -> None:
    root, top, lame, forwarder = corefile.read(folder / "main.cfg", folder)
    assert (root.zones, root.addresses) == ((".",), ["127.70.0.1", "fd70::1"])
    assert root.is_root
    assert top.files == [("test.zone", ("test.",)), ("good.zone", ("good.test.",))]
    assert [(one.rdtype, one.rcode) for one in lame.templates] == [
        ("CAA", "SERVFAIL"),
        ("TXT", "NOERROR"),
    ]
    assert forwarder.others == ["forward"]


def test_the_zones_below_a_tld_are_judged_from_the_root_of_their_list(folder: Path) -> None:
    blocks = corefile.read(folder / "main.cfg", folder)
    assert scenes(blocks) == [
        Scene("main.cfg", ("127.70.0.1", "fd70::1"), ("good.test.", "lame.test."))
    ]


def test_a_list_that_does_not_end_is_told(folder: Path) -> None:
    (folder / "main.cfg").write_text(LIST.partition("}")[0])
    with pytest.raises(corefile.UnreadableError, match="does not end"):
        corefile.read(folder / "main.cfg", folder)


def test_a_block_answers_from_its_files_and_at_its_addresses(listed: corefile.Listed) -> None:
    assert answered(listed, "127.70.0.2", "x.w.good.test", "TXT") == [
        'x.w.good.test. 60 IN TXT "any"'
    ]
    referral = ask(listed, "127.70.0.2", "lame.test", "TXT")
    assert referral is not None
    assert not referral.flags & dns.flags.AA
    assert [rrset.to_text() for rrset in referral.additional] == [
        "ns.lame.test. 60 IN A 127.70.0.3"
    ]
    assert ask(listed, "fd70:0::1", "test", "NS") is not None
    elsewhere = ask(listed, "127.70.0.3", "good.test", "TXT")
    assert elsewhere is not None
    assert elsewhere.rcode() == dns.rcode.REFUSED


def test_a_template_answers_before_a_file_does(listed: corefile.Listed) -> None:
    failed = ask(listed, "127.70.0.3", "lame.test", "CAA")
    assert failed is not None
    assert failed.rcode() == dns.rcode.SERVFAIL
    made = ask(listed, "127.70.0.3", "_acme-challenge.lame.test", "TXT")
    assert made is not None
    assert not made.flags & dns.flags.AA
    assert answered(listed, "127.70.0.3", "other.lame.test", "TXT") == []


def test_a_replay_file_is_read_with_its_steps() -> None:
    scenario = testbound.read(REPLAY)
    ((owner, ds),) = scenario.anchors
    assert (owner, ds.key_tag) == (dns.name.from_text("example."), 1444)
    assert scenario.moment == 1334966399
    assert scenario.roots == ["193.0.14.129"]
    steps = [(s.number, s.question.name.to_text(), s.status) for s in scenario.steps]
    assert steps == [(1, "www.example.", "secure"), (11, "bad.example.", "bogus")]


def test_an_answer_belongs_to_the_question_that_it_repeats() -> None:
    steps = re.split(r"(?=^STEP|^SCENARIO_END)", REPLAY, flags=re.MULTILINE)
    head, first, said_first, second, said_second, end = steps
    scenario = testbound.read(f"{head}{first}{second}{said_first}{said_second}{end}")
    told = [(s.number, s.question.name.to_text(), s.status) for s in scenario.steps]
    assert told == [(1, "www.example.", "secure"), (11, "bad.example.", "bogus")]


@pytest.mark.parametrize(
    ("expected", "found", "agrees"),
    [
        ("secure", "secure", True),
        ("secure", "insecure", False),
        ("bogus", "bogus", True),
        ("bogus", "insecure", False),
        ("not bogus", "secure", True),
        ("not bogus", "bogus", False),
    ],
)
def test_what_a_file_expects_is_held_against_what_is_found(
    expected: str, found: str, *, agrees: bool
) -> None:
    entry = testbound.Entry(
        flags=frozenset({{"bogus": "SERVFAIL", "secure": "AD"}.get(expected, "RA")})
    )
    question = dns.rrset.RRset(dns.name.root, dns.rdataclass.IN, dns.rdatatype.A)
    step = testbound.Step(1, question, entry)
    assert step.status == expected
    assert step.agrees(found) is agrees


def test_a_script_answers_while_its_range_lasts() -> None:
    scripted = testbound.Scripted(testbound.read(REPLAY))
    assert answered(scripted, "192.0.2.1", "www.example", "A") == ["www.example. 60 IN A 192.0.2.9"]
    # No entry asks for it, but another one shows it.
    assert answered(scripted, "192.0.2.1", "txt.example", "TXT") == [
        'txt.example. 3600 IN TXT "a;b"'
    ]
    referral = ask(scripted, "193.0.14.129", "deep.www.example", "DNSKEY")
    assert referral is not None
    assert not referral.flags & dns.flags.AA
    assert ask(scripted, "192.0.2.1", "none.example", "MX") is None
    scripted.obey(("step", 11))
    assert ask(scripted, "192.0.2.1", "www.example", "A") is None


def test_what_is_no_replay_file_is_told() -> None:
    with pytest.raises(testbound.UnreadableError):
        testbound.read("server:\n")
    with pytest.raises(testbound.UnreadableError, match="NONSENSE"):
        testbound.read(re.sub(r"(SECTION QUESTION\n\S+ IN) A\n", r"\1 NONSENSE\n", REPLAY))
    with pytest.raises(testbound.UnreadableError, match="stub-addr for example"):
        testbound.read('name: "example"\nstub-addr: 192.0.2.1\nCONFIG_END\n')
    with pytest.raises(testbound.UnreadableError, match="serves a zone itself"):
        testbound.read('auth-zone:\n    name: "example"\nCONFIG_END\n')


@pytest.mark.thorough
@pytest.mark.usefixtures("resolvers")
def test_a_folder_is_replayed(folder: Path) -> None:
    (folder / "one.rpl").write_text(REPLAY)
    (folder / "old.rpl").write_text(OLD_REPLAY)
    command = [sys.executable, "-m", "tests.differential.replay", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr == ""
    told = {line.strip() for line in done.stdout.splitlines()}
    assert told == {
        *("", "1 zones: agreed: in order", "1 zones: agreed: not in order"),
        "2 replays that say too little to judge",  # their servers show no keys
        "2 replays signed as nobody validates any more (RFC 8624)",
    }
    assert done.returncode == 0


def test_a_folder_without_any_such_file_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.differential.replay", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "has no zone list" in done.stdout
    assert done.returncode == 2
