from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

import central.metrics
import edge.metrics
from tests.arch.source_tree import ROOT

CASES = ("alerts_test.yml", "alerts_slow_test.yml")
FOLDER = ROOT / "deploy" / "prometheus"


def promtool(*arguments: str) -> str:
    told = subprocess.run(["promtool", *arguments], cwd=FOLDER, check=False, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(Path(FOLDER / name).read_text(encoding="utf-8"))
    return content


def alert_names() -> set[str]:
    return {rule["alert"] for group in read("alerts.yml")["groups"] for rule in group["rules"]}


def test_prometheus_accepts_configuration_and_rules() -> None:
    promtool("check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should_and_only_then() -> None:
    promtool("test", "rules", *CASES)


def test_every_alert_has_a_firing_and_a_silent_case() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for case in (case for name in CASES for case in read(name)["tests"]):
        checks = case["alert_rule_test"]
        fires |= {check["alertname"] for check in checks if check["exp_alerts"]}
        if not any(check["exp_alerts"] for check in checks):
            silent |= {check["alertname"] for check in checks}
    assert fires == silent == alert_names()


def test_every_alert_says_what_to_do() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")} == alert_names()


def test_every_alert_speaks_both_languages() -> None:
    for group in read("alerts.yml")["groups"]:
        for rule in group["rules"]:
            words = rule["annotations"]
            assert set(words) == {"summary", "summary_en", "action", "action_en"}, rule["alert"]
            for key, text in words.items():
                assert bool(re.search(r"[\u4e00-\u9fff]", text)) is not key.endswith("_en"), (rule["alert"], key)


def test_alerts_ask_for_metrics_that_exist() -> None:
    known = {metric.name for metric in (*central.metrics.METRICS, *edge.metrics.METRICS)}
    asked = {
        name
        for group in read("alerts.yml")["groups"]
        for rule in group["rules"]
        for name in re.findall(r"openaisle_\w+", rule["expr"])
    }
    assert asked <= known
