"""`./dev shots`: starts a house of its own, sends a box's aisle on its way, and lets the screenshots be taken meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from simulators.demo.stage import Stage
from simulators.room_plan import Box, RoomOptions
from tests.arch.source_tree import ROOT
from tests.integration.chaos.person import Person
from tests.wait import wait_for

# far enough from the home gap for a long journey
MIDDLE_AISLE = 5
FAR_AISLE = 11
KEPT = ("map.png", "map-en.png", "kiosk.png")


def is_free(view: dict[str, Any]) -> bool:
    """Tell whether the bank stands and asks nothing."""
    asked = [prompt for prompt in view["prompts"] if prompt["bank"]]
    return not asked and view["banks"][0]["state"] in {"idle", "stopped"}


def keep_moving(person: Person, boxes: list[Box], pictures: subprocess.Popen[str]) -> None:
    """Have one aisle after another opened, looking and pressing as people do, until the pictures are taken."""

    def is_done() -> bool:
        view = person.look()
        if view is not None and not person.press_if_asked(view) and is_free(view):
            person.do("code", text=boxes[0].code)
            boxes.append(boxes.pop(0))
        return pictures.poll() is not None

    wait_for(is_done, 300, "the pictures", pause_s=0.3)


def main() -> None:
    """Take the pictures that documents show into docs/img."""
    with tempfile.TemporaryDirectory(prefix="openaisle-shots-") as folder:
        stage = Stage(Path(folder), RoomOptions())
        plan = stage.plan
        staff, user = plan.staff[0], plan.users[0]
        person = Person(stage.kiosk_url, staff.code, staff.pin, "kiosk-a")
        boxes = sorted(plan.boxes, key=lambda each: abs(plan.place_of(each).aisle - MIDDLE_AISLE))
        ways = [next(box for box in boxes if plan.place_of(box).aisle == aisle) for aisle in (MIDDLE_AISLE, FAR_AISLE)]
        try:
            stage.found_centre()
            stage.start()
            person.sign_on()
            taken = Path(folder) / "pictures"
            command = [sys.executable, "docs/make_screenshots.py", "--centre", stage.centre_url, "--moving"]
            command += ["--kiosk", stage.kiosk_url, "--login", user.login, "--password", user.password]
            # the browser is up before anything moves: its start would cost the gateway its readings
            pictures = subprocess.Popen([*command, "--out", str(taken)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
            assert pictures.stdout is not None
            assert pictures.stdout.readline().strip() == "ready"
            keep_moving(person, ways, pictures)
            assert pictures.returncode == 0
            for name in KEPT:
                shutil.copy(taken / name, ROOT / "docs" / "img" / name)
        finally:
            stage.close()


if __name__ == "__main__":
    main()
