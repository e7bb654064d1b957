from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import edge.core
from edge.core.messages import MESSAGES, render_message
from edge.core.refusals import REFUSALS
from edge.core.view import kiosk_view
from tests.unit.edge_core.scene import BOX, Scene, make_snapshot, prompted_scene, ready_scene

CORE = Path(edge.core.__file__).parent
KEY = re.compile(r"^(prompt|scan|session|refused|motion|act|undo|print|state)\.[a-z_]+$")


def keys_in_code() -> set[str]:
    found = set()
    for path in CORE.glob("*.py"):
        if path.name != "messages.py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.match(node.value):
                    found.add(node.value)
    return found


def test_every_key_that_is_said_has_a_sentence() -> None:
    assert keys_in_code() - MESSAGES.keys() == set()
    assert {row.key for row in REFUSALS} - MESSAGES.keys() == set()


@pytest.mark.parametrize("key", sorted(MESSAGES))
def test_both_languages_name_no_parameter_the_other_lacks(key: str) -> None:
    message = MESSAGES[key]
    names = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (message.zh, message.en)]
    assert message.zh
    assert message.en
    # a sentence may leave a parameter out, but not invent one
    assert names[1] <= names[0] | {"closing", "aisle", "name", "code"}


def test_everything_shown_is_json_and_has_a_sentence_in_both_languages() -> None:
    scene = prompted_scene()
    views = [kiosk_view(Scene().state, scene.now), kiosk_view(scene.state, scene.now)]
    scene.travel()
    scene.read(scene.moving(progress_permille=420))
    views.append(kiosk_view(scene.state, scene.now))
    scene.arrive()
    views.append(kiosk_view(scene.state, scene.now))
    scene.mono_ms += 5_000
    scene.scan(BOX)
    views.append(kiosk_view(scene.state, scene.now))
    for view in views:
        assert json.loads(json.dumps(view)) == view
        said = [prompt["message"] for prompt in view["prompts"]] + [state["message"] for state in view["states"]]
        said += [act["message"] for act in view["last_acts"]] + [answer["message"] for answer in view["answers"]]
        for message in said:
            assert render_message(message["key"], message["params"], "zh_CN")
            assert "{" not in render_message(message["key"], message["params"], "en")


def test_the_prompt_names_what_will_close_and_where_to_press() -> None:
    scene = prompted_scene()
    prompt = kiosk_view(scene.state, scene.now)["prompt"]
    text = render_message(prompt["message"]["key"], prompt["message"]["params"], "zh_CN")
    assert text == "通道 3 将关闭,请看清无人,然后按确认"
    assert (prompt["opening_aisle"], prompt["closing_aisles"], prompt["confirmable"]) == (6, [3], True)
    assert [point["id"] for point in prompt["points"]] == ["kiosk-A", "card-A", "button-A"]
    assert prompt["box"] == {"code": BOX, "title": "张三 用电档案"}


def test_the_bank_is_drawn_to_scale() -> None:
    scene = ready_scene()
    bank = kiosk_view(scene.state, scene.now)["banks"][0]
    assert bank["rail_mm"] == 6850
    assert [column["x_mm"] for column in bank["columns"]][:5] == [0, 550, 1100, 2450, 3000]
    assert [aisle["no"] for aisle in bank["aisles"] if aisle["open"]] == [3]
    assert {aisle["no"]: aisle["occupancy"] for aisle in bank["aisles"]}[3] == "presumed"
    assert bank["as_of"].endswith("Z")
    assert not bank["stale"]
    scene.mono_ms += 11_000
    assert kiosk_view(scene.state, scene.now)["banks"][0]["stale"]


def test_who_is_seen_is_shown_as_seen() -> None:
    scene = ready_scene()
    scene.read(make_snapshot(occupied=(3,), occupancy_unknown=(4,)))
    occupancy = {aisle["no"]: aisle["occupancy"] for aisle in kiosk_view(scene.state, scene.now)["banks"][0]["aisles"]}
    assert (occupancy[3], occupancy[4], occupancy[5]) == ("seen", "unknown", "clear")


def test_a_place_is_written_as_people_say_it() -> None:
    scene = prompted_scene()
    place = kiosk_view(scene.state, scene.now)["prompt"]["place"]
    said = render_message("scan.place_ready", {"place": place}, "zh_CN")
    assert said == "放到 1区 7列 A面 3节 4层 12位:请扫描档案盒"


def test_the_seconds_of_a_motion_count_down() -> None:
    scene = prompted_scene()
    scene.travel()
    counted = []
    for _ in range(3):
        counted.append(kiosk_view(scene.state, scene.now)["prompts"][0]["message"]["params"]["seconds"])
        scene.mono_ms += 4_000
    assert counted[0] - counted[1] == counted[1] - counted[2] == 4
    scene.mono_ms += 600_000
    assert kiosk_view(scene.state, scene.now)["prompts"][0]["message"]["params"]["seconds"] == 1
