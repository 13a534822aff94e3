"""Who asks the CA, and how: the directory is fetched as certbot fetches it."""

from __future__ import annotations

import http.server
import json
import re
import threading
from typing import TYPE_CHECKING

import certbot
import pytest

from certbot_dns_preflight.plugin import issuance
from tests.plugin.made import config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def directory(in_namespace: None) -> Iterator[tuple[str, list[str]]]:
    """An ACME directory with the CA's identities, and the user agents that asked for it."""
    del in_namespace
    agents: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            agents.append(str(self.headers["User-Agent"]))
            body = json.dumps({"meta": {"caaIdentities": ["CA.example"]}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/directory", agents
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, rf"CertbotACMEClient/{certbot.__version__} \(certbot-dns-preflight/[0-9.]+\)"),
        ({"user_agent_comment": "web 7"}, r"CertbotACMEClient/\S+ \(\S+; web 7\)"),
        ({"user_agent": "ours/1"}, "ours/1"),
    ],
)
def test_the_directory_is_fetched_under_certbots_name(
    tmp_path: Path,
    directory: tuple[str, list[str]],
    options: dict[str, str],
    expected: str,
) -> None:
    url, agents = directory
    made = config(tmp_path, server=url, no_verify_ssl=False, account=None, **options)
    assert issuance.of_config(made, ()).identities == ("ca.example",)
    (agent,) = agents
    assert re.fullmatch(expected, agent), agent


def test_what_the_user_named_needs_no_directory(
    tmp_path: Path, directory: tuple[str, list[str]]
) -> None:
    url, agents = directory
    made = config(tmp_path, server=url, no_verify_ssl=False, account=None)
    assert issuance.of_config(made, ("own.example",)).identities == ("own.example",)
    assert agents == []
