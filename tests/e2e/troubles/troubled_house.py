"""A whole house of real processes to which things happen: what its kiosk, metrics, steel and records say from outside."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.codes import print_code
from simulators.demo.stage import Stage
from simulators.demo.stage_files import KIOSK_POINT, SCANNER
from simulators.room_plan import Box, Place, RoomOptions
from simulators.staff import Staff, StaffError
from tests.e2e.kiosk_front import LOOK_S, KioskFront
from tests.wait import wait_for

# one house serves them all: they share a worker (tests/plugins/groups.py)
MARKS = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]
SPEED_MM_S = 133
# the kiosk's own promise is 150 ms; a machine busy with other tests is given more
ANSWER_S = 1.0
END_CODE = print_code("CT", "01", 1)
STORE_FILE = "gateway.sqlite3"
TURNED_CLOCK = Path(__file__).parent / "turned_clock"


class TroubledHouse(KioskFront):
    """One stage for many troubles; each test leaves it well again."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(folder, RoomOptions(boxes=20, slots=1, speed_mm_s=SPEED_MM_S))
        super().__init__(self.stage.kiosk_url)
        self.disk = self.stage.folder / "gateway"
        self.clock_file = folder / "wall-clock"
        self.clock_steps: list[float] = []
        self._boxes = list(self.stage.plan.boxes)
        self._taken_places = {box.place_key for box in self._boxes}
        plan, stage = self.stage.plan, self.stage
        self.people = [
            Staff(each, kiosk_url=stage.kiosk_url, control_url=stage.control_url, scanner=SCANNER)
            for each in plan.staff[:2]
        ]
        self.room = httpx.Client(base_url=stage.control_url, timeout=10)
        self.centre = httpx.Client(base_url=stage.centre_url, timeout=10)

    # -- coming and going -------------------------------------------------------------------------

    def start(self) -> None:
        """Bring everything up, the gateway's store on a disk of 2 MB and its wall clock turnable."""
        self.disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(self.disk)], check=True)
        self.turn_clock(0)
        self.clock_steps.clear()
        stage = self.stage
        for program in (stage.broker, stage.room):
            program.start()
        self.start_gateway()
        stage.found_centre()
        stage.start_centre()
        stage.await_room()
        stage.await_gateway()
        user = stage.plan.users[0]
        told = self.centre.post("/api/v1/sessions", json={"login": user.login, "password": user.password})
        self.centre.headers["Authorization"] = f"Bearer {told.raise_for_status().json()['token']}"
        wait_for(self.knows_staff, 30, "the replica", pause_s=0.2)

    def knows_staff(self) -> bool:
        rows = self.ask("SELECT count(*) FROM feed_row WHERE kind = 'staff'")
        return bool(rows and rows[0][0])

    def close(self) -> None:
        """End everything and give the disk back."""
        for person in self.people:
            person.close()
        for client in (self.room, self.kiosk, self.centre):
            client.close()
        self.stage.close()
        subprocess.run(["umount", "-l", str(self.disk)], check=True)

    def start_gateway(self) -> None:
        """Start the gateway as its service does, but with a wall clock that a file turns while it runs."""
        turned = [f"PYTHONPATH={TURNED_CLOCK}", f"TURNED_CLOCK_FILE={self.clock_file}"]
        self.stage.gateway.start(["env", *turned])

    def turn_clock(self, seconds: int) -> None:
        """Set the gateway's wall clock so far ahead of the true one."""
        part = self.clock_file.with_suffix(".part")
        part.write_text(f"{seconds}\n")
        part.replace(self.clock_file)
        self.clock_steps.append(time.monotonic())

    def settle(self) -> None:
        """Bring the house back to rest: nothing asked, nothing in hand, everything online, the first person there."""
        self.room.put("/faults", json={}).raise_for_status()
        self.room.put("/scanner", json={"plugged": True}).raise_for_status()
        self.room.put("/printer", json={"out_of_labels": False, "garbled": False}).raise_for_status()
        wait_for(self._is_at_rest, 40, "the house at rest", pause_s=LOOK_S)
        self.sign_on(0)

    def _is_at_rest(self) -> bool:
        view = self.view()
        for prompt in view.get("prompts", []):
            if prompt["id"]:
                self.press("dismiss", prompt_id=prompt["id"])
                return False
        # what only time, or the next look, ends
        calm = {"clock_stepped", "doubted"}
        return bool(
            view
            and view["link"] == "online"
            and not [state["key"] for state in view["states"] if state["key"] not in calm]
            and view["banks"][0]["state"] in {"idle", "stopped"}
            and not view["queue"]
        )

    def sign_on(self, number: int) -> None:
        """Have this person at the kiosk with empty hands: whoever else is there signs off."""
        wanted = self.people[number].who.code
        sessions = self.view()["sessions"]
        if any(each["place"] for each in sessions):
            self.press("sign-off", source_id=SCANNER)  # cancels the place only
            self.see("the place cancelled", lambda view: not any(each["place"] for each in view["sessions"]))
        if any(each["staff_code"] == wanted and not each["needs_pin"] and not each["wanted"] for each in sessions):
            return  # nobody else is there, and no box of an open aisle is still awaited
        if sessions:
            self.room.post("/scan", json={"text": END_CODE})
            self.see("nobody signed on", lambda view: not view["sessions"])
        self.people[number].sign_on()

    # -- what the kiosk says ----------------------------------------------------------------------

    def scan(self, text: str) -> tuple[str, float]:
        """Read a code with the hand scanner; the answer's key, and the seconds until the kiosk showed it."""
        before = self.newest_answer()
        began = time.monotonic()
        assert self.room.post("/scan", json={"text": text}).json()["sent"]

        def answer() -> str | None:
            told = [a for a in self.view().get("answers", []) if a["number"] > before and a["source_id"] == SCANNER]
            return max(told, key=lambda each: each["number"])["message"]["key"] if told else None

        key = wait_for(answer, 10, f"an answer to {text}", pause_s=0.02)
        return key, time.monotonic() - began

    # -- prompts and motion -----------------------------------------------------------------------

    def prompt_for(self, box: Box) -> dict[str, Any]:
        """Scan a box and wait for the prompt that asks for a press; on a busy machine a reading may be late once."""

        def prompted() -> dict[str, Any] | None:
            if self.scan(box.code)[0] not in {"scan.prompted", "scan.already"}:
                return None
            with suppress(StaffError):
                return self.people[0].await_prompt(10)
            return None

        return wait_for(prompted, 20, "a prompt", pause_s=0.3)

    def open_aisle(self, box: Box) -> None:
        """Fetch a box as a person does: look, press, and try again when a busy machine broke the motion off."""
        aisle = self.stage.plan.place_of(box).aisle

        def is_over(view: dict[str, Any]) -> bool:
            bank = view["banks"][0]
            moving = any(each["kind"] in {"moving", "reading", "stopping"} for each in view["prompts"])
            return bank["state"] in {"idle", "stopped"} and not moving and not bank["stale"]

        for _ in range(3):
            self.confirm(self.prompt_for(box))
            view = self.see("the end of the motion", lambda view: is_over(view) and view, 40)
            if view["banks"][0]["aisles"][aisle - 1]["open"]:
                return
        raise AssertionError(f"aisle {aisle} did not open; answers {view['answers']}")

    def confirm(self, prompt: dict[str, Any]) -> str:
        """Press what the prompt asks; the answer's key."""
        return self.said("confirm", self.newest_answer(), point_id=KIOSK_POINT, prompt_id=prompt["id"])

    def truth(self) -> dict[str, Any]:
        """What is so at the bank, by the steel itself."""
        told: dict[str, Any] = self.room.get("/shelf").json()
        return told

    def motions(self) -> int:
        """How many motions the controller has begun."""
        return len(self.truth()["motions"])

    def far_box(self) -> Box:
        """A box of a closed aisle, so that fetching it needs a journey; another one each time."""
        open_aisles = set(self.truth()["open_aisles"])
        plan = self.stage.plan
        shelved = {row[0] for row in self.ask("SELECT box_code FROM standing WHERE state = 'shelved'")}
        box = next(b for b in self._boxes if b.code in shelved and plan.place_of(b).aisle not in open_aisles)
        self._boxes.remove(box)
        self._boxes.append(box)
        return box

    def place(self, box: Box) -> str | None:
        """Where the gateway says that a box stands."""
        rows = self.ask("SELECT place_key FROM standing WHERE box_code = ?", box.code)
        return rows[0][0] if rows else None

    def free_place(self, aisle: int | None = None) -> Place:
        """A place nobody has used yet, in a certain aisle if wanted."""
        for place in self.stage.plan.places:
            if place.key not in self._taken_places and aisle in {None, place.aisle}:
                self._taken_places.add(place.key)
                return place
        raise AssertionError("no free place left")

    def move_box(self, aisle: int | None = None) -> Box:
        """Move a box to an empty place: a movement without motion."""
        box = self.far_box()
        place = self.free_place(aisle)
        keys = self.scan(place.code)[0], self.scan(box.code)[0]
        assert keys == ("scan.place_ready", "scan.moved"), keys
        self._boxes.remove(box)
        return box

    # -- metrics, health, records -----------------------------------------------------------------

    def metric(self, series: str, centre: bool = False) -> float:
        """One value of /metrics; 0 for a series that isn't there."""
        told = (self.centre if centre else self.kiosk).get("/metrics").text
        found = re.search(rf"^{re.escape(series)} (\S+)$", told, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def total(self, family: str, centre: bool = False) -> float:
        """Sum of all series of a family."""
        told = (self.centre if centre else self.kiosk).get("/metrics").text
        return sum(float(value) for value in re.findall(rf"^{family}(?:{{.*}})? (\S+)$", told, re.MULTILINE))

    def await_metric(self, series: str, value: float, timeout_s: float = 15, *, centre: bool = False) -> None:
        """Wait until a series has a value."""
        wait_for(lambda: self.metric(series, centre) == value, timeout_s, f"{series} {value}", pause_s=0.1)

    def condition(self, key: str, subject: str = "") -> float:
        """The metric of a named state."""
        return self.metric(f'openaisle_gateway_condition{{condition="{key}",subject="{subject}"}}')

    def health(self) -> int:
        return self.kiosk.get("/health").status_code

    def ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the gateway's store, read from outside."""
        connection = sqlite3.connect(f"file:{self.disk / STORE_FILE}?mode=ro", uri=True, timeout=5)
        try:
            return list(connection.execute(question, values))
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def facts(self) -> list[str]:
        """Kinds of all facts in the outbox, in their order."""
        rows = self.ask("SELECT json_extract(CAST(line AS TEXT), '$.kind') FROM record ORDER BY seq")
        return [str(row[0]) for row in rows]

    def standing(self) -> list[tuple[Any, ...]]:
        """Where every box is by the replica and the own movements on top."""
        return [
            *self.ask("SELECT * FROM standing ORDER BY box_code"),
            *self.ask("SELECT * FROM own_move ORDER BY box_code"),
        ]

    def history(self, box: Box) -> tuple[Any, list[Any]]:
        """Where the centre says that a box is, and its movements."""
        found = self.centre.get(f"/api/v1/boxes/by-code/{box.code}").raise_for_status().json()
        told = self.centre.get(f"/api/v1/boxes/{found['id']}/movements").raise_for_status().json()["items"]
        return (found["state"], found["place_key"], found["holder_code"]), told

    def print_label(self, box: Box) -> dict[str, Any]:
        """Have the centre ask for a label."""
        found = self.centre.get(f"/api/v1/boxes/by-code/{box.code}").raise_for_status().json()
        told: dict[str, Any] = self.centre.post(f"/api/v1/boxes/{found['id']}/labels").raise_for_status().json()
        return told

    def labels(self) -> int:
        """How many labels came out of the printer."""
        return len(self.room.get("/printer").json()["labels"])

    def log(self) -> str:
        """All that the gateway logged."""
        return self.stage.gateway.log.read_text(encoding="utf-8", errors="replace")

    def hold_store(self) -> sqlite3.Connection:
        """Lock the gateway's database from outside, as a careless backup would."""
        other = sqlite3.connect(self.disk / STORE_FILE, isolation_level=None, check_same_thread=False, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        return other

    def fill_disk(self) -> Path:
        """Leave the gateway's disk not a byte."""
        filler = self.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            while (left := shutil.disk_usage(self.disk).free) > 0:
                try:
                    file.write(b"\0" * min(left, 4_096))
                except OSError:
                    break
        return filler

    def keep_full(self, filler: Path) -> threading.Event:
        """Take at once what a dropped write gives back, until the event is set."""
        ended = threading.Event()

        def refill() -> None:
            with filler.open("ab", buffering=0) as file:
                while not ended.wait(0.02):
                    free = shutil.disk_usage(self.disk).free
                    if free:
                        try:
                            file.write(b"\0" * free)
                        except OSError:
                            continue

        threading.Thread(target=refill, daemon=True).start()
        return ended
