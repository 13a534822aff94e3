"""What a report file holds is decided by its name, in certbot and in the command alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from certbot_dns_preflight.plugin import outcome as plugin
from certbot_dns_preflight.report import html_report, json_report
from certbot_dns_preflight.report.surface import Surface
from certbot_dns_preflight.settings import Settings
from tests.report import scenarios

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["report.html", "REPORT.HTM"])
def test_certbots_report_may_be_a_page(tmp_path: Path, name: str) -> None:
    result = scenarios.behind()
    plugin.write_report(result, Settings(report=tmp_path / name))
    written = (tmp_path / name).read_text()
    assert written == html_report.render(result, surface=Surface.CERTBOT)
    assert "set --dns-preflight-timeout to more than the zone" in written


@pytest.mark.parametrize("name", ["report.json", "html", "report.html.json"])
def test_any_other_is_json(tmp_path: Path, name: str) -> None:
    result = scenarios.behind()
    plugin.write_report(result, Settings(report=tmp_path / name))
    assert json.loads((tmp_path / name).read_text()) == json_report.as_json(result)
