"""`./dev shots`: starts a house of its own, sends a box's aisle on its way, and lets the screenshots be taken meanwhile."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from simulators.demo.stage import Stage
from simulators.room_plan import RoomOptions
from tests.arch.source_tree import ROOT
from tests.integration.chaos.person import Person
from tests.wait import wait_for


def is_moving(person: Person) -> bool:
    """Press what is asked; tell whether the columns travel."""
    view = person.look()
    if view is None:
        return False
    person.press_if_asked(view)
    return bool(view["banks"][0]["state"] == "moving")


def main() -> int:
    """Take all pictures into docs/img."""
    with tempfile.TemporaryDirectory(prefix="openaisle-shots-") as folder:
        stage = Stage(Path(folder), RoomOptions())
        staff, user = stage.plan.staff[0], stage.plan.users[0]
        person = Person(stage.kiosk_url, staff.code, staff.pin, "kiosk-a")
        try:
            stage.found_centre()
            stage.start()
            person.sign_on()
            box = max(stage.plan.boxes[:50], key=lambda each: stage.plan.place_of(each).aisle)
            wait_for(lambda: person.do("code", text=box.code), 10, "the kiosk to take the code")
            wait_for(lambda: is_moving(person), 60, "the columns to travel")
            command = [
                sys.executable,
                "docs/make_screenshots.py",
                "--centre",
                stage.centre_url,
                "--kiosk",
                stage.kiosk_url,
            ]
            command += ["--login", user.login, "--password", user.password, "--out", "docs/img"]
            return subprocess.run(command, cwd=ROOT, check=False).returncode
        finally:
            stage.close()


if __name__ == "__main__":
    sys.exit(main())
