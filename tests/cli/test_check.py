"""`dns-preflight check` as a process against the lab's servers."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

import jsonschema
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from josepy import jwk

from certbot_dns_preflight.report import json_report
from tests.observe import HANG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Command
    from tests.lab import Lab

pytestmark = pytest.mark.thorough

VALUE = "gfj9Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJg"
OTHER = "-Xq8kZ2mT4vB7nR1sL0pW6yD3hC5aE9uG2iK8oJggfj9"
TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"  # noqa: S105 - an example


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def value_of(token: str, key: jwk.JWK) -> str:
    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    thumbprint = encoded(key.thumbprint())
    return encoded(hashlib.sha256(f"{token}.{thumbprint}".encode()).digest())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


# -- one look ------------------------------------------------------------------------------------


def test_a_value_that_is_everywhere_is_ready(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("one.example.test", VALUE)
    ran = in_lab("check", "one.example.test", "--expect", VALUE)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Ready: ")


def test_a_value_that_is_nowhere_is_not_ready(in_lab: Command) -> None:
    ran = in_lab("check", "none.example.test", "--expect", VALUE)
    assert (ran.status, ran.stderr) == (1, "")
    assert ran.stdout.startswith("Not ready: ")
    assert "record-not-published" in ran.stdout


def test_a_value_may_begin_with_a_dash(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("dash.example.test", OTHER)
    assert in_lab("check", "dash.example.test", "--expect", OTHER).status == 0
    assert in_lab("check", f"--expect={OTHER}", "dash.example.test").status == 0


def test_nothing_that_answers_is_inconclusive(command: Command, in_namespace: None) -> None:
    ran = command("check", "example.test", "--resolver=127.53.9.9", "--query-timeout=2")
    assert in_namespace is None
    assert ran.status == 3
    assert "Traceback" not in ran.output


def test_quiet_says_it_by_exit_status_alone(in_lab: Command) -> None:
    ran = in_lab("check", "none.example.test", "--expect", VALUE, "--quiet")
    assert (ran.status, ran.output) == (1, "")


def test_json_is_the_report_of_the_schema(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish("one.example.test", VALUE)
    file = tmp_path / "report.json"
    ran = in_lab("check", "one.example.test", "--expect", VALUE, "--json", "--report", file)
    report = json.loads(ran.stdout)
    jsonschema.validate(report, json_report.schema())
    assert report["outcome"] == "ready"
    assert json.loads(file.read_text())["challenges"][0]["expected"] == [VALUE]


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(
    command: Command, tmp_path: Path
) -> None:
    ran = command("check", "example.test", "--report", tmp_path / "missing" / "report.json")
    assert ran.status == 2
    assert ran.stderr.startswith("dns-preflight: --report: ")
    assert len(ran.stderr.splitlines()) == 1


# -- several names -------------------------------------------------------------------------------


def test_several_names_take_their_values_by_name(
    in_lab: Command, publish: Callable[..., None]
) -> None:
    publish("a.example.test", VALUE, OTHER)
    publish("b.example.test", OTHER)
    arguments = [
        *("check", "a.example.test", "*.A.example.test.", "b.example.test", "--json"),
        *("--expect", f"a.example.test={VALUE}", "--expect", f"*.a.example.test={OTHER}"),
        *("--expect", f"B.example.test.={OTHER}"),
    ]
    ran = in_lab(*arguments)
    assert ran.status == 0
    assert [(c["domain"], c["expected"]) for c in json.loads(ran.stdout)["challenges"]] == [
        ("a.example.test", [VALUE, OTHER]),
        ("b.example.test", [OTHER]),
    ]


def test_one_name_that_is_not_ready_makes_the_run_not_ready(
    in_lab: Command, publish: Callable[..., None]
) -> None:
    publish("a.example.test", VALUE)
    ran = in_lab(
        *("check", "a.example.test", "none.example.test"),
        *("--expect", f"a.example.test={VALUE}", "--expect", f"none.example.test={VALUE}"),
    )
    assert ran.status == 1
    assert "none.example.test" in ran.stdout.partition("\n\n")[0]


def test_a_file_lists_names_values_and_comments(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish("a.example.test", VALUE, OTHER)
    publish("b.example.test", VALUE)
    file = tmp_path / "names"
    file.write_bytes(
        f"\ufeff# names\r\n\na.example.test {VALUE}  # the apex\r\n*.a.example.test\t{OTHER}\n"
        f"b.example.test {VALUE}".encode()
    )
    ran = in_lab("check", "--file", file, "--json")
    assert ran.status == 0
    assert [(c["domain"], c["expected"]) for c in json.loads(ran.stdout)["challenges"]] == [
        ("a.example.test", [VALUE, OTHER]),
        ("b.example.test", [VALUE]),
    ]


def test_a_list_may_come_from_standard_input(in_lab: Command, publish: Callable[..., None]) -> None:
    publish("a.example.test", VALUE)
    ran = in_lab("check", "--file", "-", stdin=f"a.example.test {VALUE}\n")
    assert (ran.status, ran.stderr) == (0, "")


def test_several_lists_are_one(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path
) -> None:
    publish("a.example.test", VALUE, OTHER)
    for name, value in (("first", VALUE), ("second", OTHER)):
        (tmp_path / name).write_text(f"a.example.test {value}\n{name}.example.test\n")
    files = ("--file", tmp_path / "first", "--file", tmp_path / "second")
    ran = in_lab("check", *files, "--json")
    assert [(c["domain"], c["expected"]) for c in json.loads(ran.stdout)["challenges"]] == [
        ("a.example.test", [VALUE, OTHER]),
        ("first.example.test", []),
        ("second.example.test", []),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a.example.test\n\nb..test\n", "line 3: 'b..test' is not a domain name"),
        (b"a.example.test one two\n", "line 1: expected DOMAIN and at most one VALUE"),
        (b"a.example.test\n\xff.test\n", "line 2: it is not UTF-8"),
        (b"a.example.test\n" + b"x" * 100_000, "line 2: it is too long"),
        (b"# nothing\n\n", "names no domain"),
        (b"*\n", "line 1: '*' is not a valid certificate name"),
    ],
)
def test_a_bad_line_is_named_by_its_number(
    command: Command, tmp_path: Path, text: bytes, said: str
) -> None:
    file = tmp_path / "names"
    file.write_bytes(text)
    ran = command("check", "--file", file)
    assert ran.status == 2
    assert len(ran.stderr.splitlines()) == 1
    assert said in ran.stderr


def test_a_stream_tells_each_name_once_it_is_decided(
    in_lab: Command, publish: Callable[..., None], lab: Lab
) -> None:
    publish("soon.example.test", VALUE)
    arguments = [
        *("check", "late.example.test", "soon.example.test", "--jsonl", "--wait", "--timeout=600"),
        *("--expect", f"late.example.test={VALUE}", "--expect", f"soon.example.test={VALUE}"),
    ]
    process = in_lab.start(*arguments)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert process.poll() is None
    publish("late.example.test", VALUE)
    second = json.loads(process.stdout.readline())
    assert process.stdout.read() == ""
    assert process.wait(HANG) == 0
    assert (first["domain"], second["domain"]) == ("soon.example.test", "late.example.test")
    assert first["outcome"] == second["outcome"] == "ready"
    assert lab.bind.running
    schema = json_report.schema()
    for challenge in (first, second):
        jsonschema.validate(challenge, {**schema, "$ref": "#/$defs/challenge"} | _only_defs(schema))


def _only_defs(schema: dict[str, object]) -> dict[str, object]:
    """Keep what validates one challenge rather than a whole report."""
    return {"required": [], "properties": {}, "additionalProperties": True, "type": schema["type"]}


@pytest.mark.slow
def test_sixty_names_stream_with_the_failed_ones_explained(
    in_lab: Command, publish: Callable[..., None]
) -> None:
    publish("many.example.test", VALUE)
    names = [f"n{number}.example.test {VALUE}" for number in range(59)]
    ran = in_lab(
        "check", "--file=-", "--jsonl", stdin="\n".join([*names, f"many.example.test {VALUE}"])
    )
    challenges = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.status == 1
    assert len({challenge["domain"] for challenge in challenges}) == 60
    failed = [c for c in challenges if c["outcome"] != "ready"]
    assert len(failed) == 59
    assert {f["code"] for c in failed for f in c["findings"] if f["severity"] == "error"} == {
        "record-not-published"
    }


# -- a value from a token ------------------------------------------------------------------------


@pytest.mark.versioned
@pytest.mark.parametrize("form", ["certbot", "jwk-ec", "pem-rsa", "pem-ec", "pem-public"])
def test_a_token_and_an_account_key_make_the_value(
    in_lab: Command,
    publish: Callable[..., None],
    tmp_path: Path,
    rsa_key: rsa.RSAPrivateKey,
    form: str,
) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    key: jwk.JWK = jwk.JWKEC(key=curve) if form.endswith("ec") else jwk.JWKRSA(key=rsa_key)
    file = tmp_path / "private_key.json"
    file.write_bytes(
        {
            "certbot": lambda: jwk.JWKRSA(key=rsa_key).json_dumps().encode(),
            "jwk-ec": lambda: jwk.JWKEC(key=curve).json_dumps().encode(),
            "pem-rsa": lambda: pem(rsa_key),
            "pem-ec": lambda: pem(curve),
            "pem-public": lambda: rsa_key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        }[form]()
    )
    publish("token.example.test", value_of(TOKEN, key))
    ran = in_lab("check", "token.example.test", "--token", TOKEN, "--account-key", file, "--json")
    assert (ran.status, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["challenges"][0]["expected"] == [value_of(TOKEN, key)]


def test_a_token_may_begin_with_a_dash(
    in_lab: Command, publish: Callable[..., None], tmp_path: Path, rsa_key: rsa.RSAPrivateKey
) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(pem(rsa_key))
    publish("token.example.test", value_of("-dash", jwk.JWKRSA(key=rsa_key)))
    ran = in_lab("check", "token.example.test", "--token", "-dash", "--account-key", file)
    assert ran.status == 0


def test_a_pipe_that_nobody_writes_to_is_no_key_and_is_not_waited_for(
    command: Command, tmp_path: Path
) -> None:
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    ran = command("check", "example.test", "--token", TOKEN, "--account-key", pipe)
    assert ran.status == 2
    assert "is not an account key" in ran.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret-material",
        b'{"kty": "RSA", "n": "secret-material"}',
        b'{"kty": "oct", "k": "c2VjcmV0LW1hdGVyaWFs"}',
        b"-----BEGIN PRIVATE KEY-----\nsecret-material\n-----END PRIVATE KEY-----\n",
        pem(ed25519.Ed25519PrivateKey.generate()),
        b"[1, 2]",
        b"{" * 70_000,
    ],
)
def test_a_bad_key_is_one_line_that_shows_nothing_of_it(
    command: Command, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    ran = command("check", "example.test", "--token", TOKEN, "--account-key", file, "--verbose")
    assert ran.status == 2
    assert ran.stderr.startswith(f"dns-preflight: --account-key: {file} is not an account key")
    assert len(ran.stderr.splitlines()) == 1
    assert "secret" not in ran.stderr.removeprefix(str(file))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.test", "--token", "x"], "--token and --account-key go together"),
        (["a.test", "--account-key", "x"], "--token and --account-key go together"),
        (["a.test", "b.test", "--token", "x", "--account-key", "y"], "single DOMAIN"),
        (["a.test", "--token", "x.y", "--account-key", "y"], "the part before the dot"),
        (["a.test", "--token", "x y", "--account-key", "y"], "'x y' is not a token"),
        (["a.test", "--token", "x", "--account-key", "/missing"], "cannot read /missing"),
        (["a.test", "b.test", "--expect", "x"], "DOMAIN=VALUE"),
        (["a.test", "b.test", "--expect", "c.test=x"], "'c.test' is none of the DOMAINs"),
        (["a.test", "--expect", ""], "the value is empty"),
        (["--file", "/missing"], "cannot read /missing: No such file"),
        (["--file", "/"], "cannot read /: Is a directory"),
        ([], "missing DOMAIN"),
        (["a.test", "--json", "--jsonl"], "not allowed with"),
        (["--timeout", "soon", "a.test"], "--timeout: 'soon' is not accepted"),
    ],
)
def test_misuse_is_one_line_and_status_two(
    command: Command, arguments: list[str], said: str
) -> None:
    ran = command("check", *arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
