"""The renewal file of the lineage at hand is found, or it is said why it cannot be."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certbot_dns_preflight.renewals.renewal_file import IDENTIFIER, LineageError, find, named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PREFIX = "manual_"


def certificate(path: Path, names: Sequence[str]) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([general_name(n) for n in names]), False)  # noqa: FBT003 - its signature
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def renewal_file(  # noqa: PLR0913 - what a renewal file says, most with a default
    directory: Path,
    name: str,
    *,
    identifier: str | None = "same",
    names: Sequence[str] | None = ("example.test",),
    hook: str = "hook",
    authenticator: str = "dns-preflight",
) -> Path:
    path = directory / f"{name}.conf"
    cert = certificate(directory / f"{name}.pem", names) if names else directory / "missing.pem"
    mark = f"{IDENTIFIER} = {identifier}\n" if identifier else ""
    path.write_text(
        f"cert = {cert}\n[renewalparams]\nauthenticator = {authenticator}\n{mark}"
        f"manual_auth_hook = {hook}\n"
    )
    return path


def found(
    directory: Path, identifier: str | None = "same", names: Sequence[str] = ("example.test",)
) -> tuple[str, bool] | None:
    result = find(directory, identifier=identifier, names=names, prefixes=[PREFIX])
    return (result.file.path.stem, result.shared) if result else None


def test_an_identifier_of_one_file_finds_it_whatever_its_certificate(tmp_path: Path) -> None:
    renewal_file(tmp_path, "other", identifier="different")
    renewal_file(tmp_path, "mine", names=None)
    assert found(tmp_path, names=["elsewhere.test"]) == ("mine", False)


def test_a_file_of_another_authenticator_is_none_of_ours(tmp_path: Path) -> None:
    renewal_file(tmp_path, "left", authenticator="manual")
    assert found(tmp_path) is None


def test_no_identifier_finds_by_the_certificates_names_alone(tmp_path: Path) -> None:
    renewal_file(tmp_path, "a", identifier=None, names=["a.test", "*.a.test"])
    renewal_file(tmp_path, "b", identifier=None, names=["b.test"])
    assert found(tmp_path, None, ["*.A.test", "a.test"]) == ("a", False)
    assert found(tmp_path, None, ["a.test"]) is None


def test_no_identifier_never_takes_the_only_file_if_its_certificate_is_another(
    tmp_path: Path,
) -> None:
    renewal_file(tmp_path, "unrelated", identifier=None, names=["unrelated.test"])
    assert found(tmp_path, None) is None


def test_no_identifier_does_not_find_a_file_that_has_one(tmp_path: Path) -> None:
    renewal_file(tmp_path, "mine")
    assert found(tmp_path, None) is None


def test_a_shared_identifier_is_told_apart_by_names_and_reported_as_shared(tmp_path: Path) -> None:
    renewal_file(tmp_path, "a", names=["a.test"], hook="a")
    renewal_file(tmp_path, "b", names=["b.test", "www.b.test"], hook="b")
    assert found(tmp_path, names=["www.b.test", "b.test"]) == ("b", True)


def test_copies_that_agree_are_as_good_as_each_other(tmp_path: Path) -> None:
    renewal_file(tmp_path, "a")
    renewal_file(tmp_path, "b")
    assert found(tmp_path) == ("a", True)


@pytest.mark.parametrize("identifier", ["same", None])
def test_copies_that_differ_are_named_with_the_way_out(
    tmp_path: Path, identifier: str | None
) -> None:
    paths = [renewal_file(tmp_path, n, identifier=identifier, hook=n) for n in ("a", "b")]
    with pytest.raises(LineageError) as raised:
        found(tmp_path, identifier)
    message = str(raised.value)
    assert all(str(path) in message for path in paths)
    assert "--cert-name" in message
    assert (IDENTIFIER in message) is (identifier is not None)


def test_broken_files_of_others_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "broken.conf").write_text("[renewalparams\n")
    (tmp_path / "empty.conf").write_text("")
    (tmp_path / "binary.conf").write_bytes(b"\xff\xfe[renewalparams]\n")
    (tmp_path / "directory.conf").mkdir()
    renewal_file(tmp_path, "mine")
    assert found(tmp_path) == ("mine", False)


def test_addresses_in_a_certificate_count_as_names(tmp_path: Path) -> None:
    renewal_file(tmp_path, "mine", identifier=None, names=["example.test", "192.0.2.1"])
    assert found(tmp_path, None) is None
    assert found(tmp_path, None, ["192.0.2.1", "example.test"]) == ("mine", False)


def test_a_name_gives_its_own_file_and_none_where_there_is_none(tmp_path: Path) -> None:
    path = renewal_file(tmp_path, "mine")
    mine = named(tmp_path, "mine")
    assert mine is not None
    assert mine.path == path
    assert mine.options(PREFIX) == {"manual_auth_hook": "hook"}
    assert named(tmp_path, "other") is None


def test_a_broken_file_asked_for_by_name_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.conf").write_text("[renewalparams\n")
    with pytest.raises(LineageError) as raised:
        named(tmp_path, "broken")
    assert "broken.conf" in str(raised.value)
    assert "\n" not in str(raised.value)
