"""`./dev shots`: starts a house of its own, sends a box's aisle on its way, and lets the screenshots be taken meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from simulators.demo.stage import Stage
from simulators.room_plan import RoomOptions
from tests.arch.source_tree import ROOT
from tests.integration.chaos.person import Person
from tests.wait import wait_for

# far enough from the home gap for a long journey
MIDDLE_AISLE = 5
KEPT = ("map.png", "map-en.png", "kiosk.png")


def is_moving(person: Person) -> bool:
    """Press what is asked; tell whether the columns travel."""
    view = person.look()
    if view is None:
        return False
    person.press_if_asked(view)
    return bool(view["banks"][0]["state"] == "moving")


def main() -> None:
    """Take the pictures that documents show into docs/img."""
    with tempfile.TemporaryDirectory(prefix="openaisle-shots-") as folder:
        stage = Stage(Path(folder), RoomOptions())
        staff, user = stage.plan.staff[0], stage.plan.users[0]
        person = Person(stage.kiosk_url, staff.code, staff.pin, "kiosk-a")
        try:
            stage.found_centre()
            stage.start()
            person.sign_on()
            box = min(stage.plan.boxes, key=lambda each: abs(stage.plan.place_of(each).aisle - MIDDLE_AISLE))
            wait_for(lambda: person.do("code", text=box.code), 10, "the kiosk to take the code")
            wait_for(lambda: is_moving(person), 60, "the columns to travel")
            pictures = Path(folder) / "pictures"
            command = [sys.executable, "docs/make_screenshots.py", "--centre", stage.centre_url]
            command += ["--kiosk", stage.kiosk_url, "--login", user.login, "--password", user.password]
            subprocess.run([*command, "--out", str(pictures)], cwd=ROOT, check=True)
            for name in KEPT:
                shutil.copy(pictures / name, ROOT / "docs" / "img" / name)
        finally:
            stage.close()


if __name__ == "__main__":
    main()
