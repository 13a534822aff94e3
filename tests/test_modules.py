"""No module grows beyond what can be read at once."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_LINES = 300


def test_no_module_is_longer_than_contributing_says() -> None:
    lines = {
        str(module.relative_to(ROOT)): len(module.read_text("utf-8").splitlines())
        for package in ("certbot_dns_preflight", "tools")
        for module in (ROOT / package).rglob("*.py")
    }
    assert "certbot_dns_preflight/codes.py" in lines
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}
    limit = f"longer than {MOST_LINES} lines"
    assert limit in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
