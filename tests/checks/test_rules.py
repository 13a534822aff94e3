"""That each rule stands in its own file, its tests in one of the same name, and all are light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from certbot_dns_preflight.checks import rules
from certbot_dns_preflight.checks.rules import BY_CODE, RULES
from certbot_dns_preflight.codes import Code

FILES = Path(rules.__file__).parent
TWINS = Path(__file__).parent / "rules"


def test_each_code_has_one_rule_and_both_are_in_the_same_order() -> None:
    assert [module.RULE.code for module in RULES] == list(Code)
    assert list(BY_CODE) == list(Code)


@pytest.mark.parametrize("code", Code)
def test_a_rule_is_the_file_of_its_code_and_has_a_twin_test(code: Code) -> None:
    name = code.replace("-", "_")
    source = (FILES / f"{name}.py").read_text(encoding="utf-8")
    assert f"code=Code.{code.name}," in source
    assert f'"{code}"' in (TWINS / f"test_{name}.py").read_text(encoding="utf-8")


def test_what_a_finding_means_is_explained_without_dnspython_and_certbot() -> None:
    program = (
        "import sys\n"
        "from certbot_dns_preflight.report.explain import explain\n"
        "explain(None), explain('caa-forbids'), explain('dnssec-bogus')\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "certbot_dns_preflight" in loaded
    assert loaded.isdisjoint({"dns", "certbot", "acme"})
