"""The main job, once: label, picture, prompt, look, press, motion, taken out, put back; each step seen from outside."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from simulators.demo.stage import Stage
from simulators.demo.stage_files import KIOSK_POINT, SCANNER
from simulators.demo.timeline import Timeline
from simulators.demo.witness import IDLE, MOVING, SETTLING, WARNING, Witness, WitnessError
from simulators.room_plan import Box, Place
from simulators.staff import Staff, StaffError

_PAUSE = threading.Event()
_GLANCE_S = 0.1
TRIES = 3
FORGETTING_S = 3.5  # a camera tells the same label again only after it was out of sight for so long
FEWEST_SIGHTS = 3  # so many different values of progress make "moves along live"


@dataclass
class Journey:
    """What was seen of one motion."""

    kiosk: set[float] = field(default_factory=set)
    centre: set[float] = field(default_factory=set)
    registers: set[int] = field(default_factory=set)


class Story:
    """Plays the main job on a running stage."""

    def __init__(self, stage: Stage, timeline: Timeline) -> None:
        self.stage = stage
        self.timeline = timeline
        self.witness = Witness(stage)
        plan = stage.plan
        self.box, self.place = self._choose_box()
        self.staff = Staff(plan.staff[0], kiosk_url=stage.kiosk_url, control_url=stage.control_url, scanner=SCANNER)

    def _choose_box(self) -> tuple[Box, Place]:
        """Take a box in the middle of the bank that stands where the plan put it."""
        plan = self.stage.plan
        for box in plan.boxes:
            place = plan.place_of(box)
            if place.aisle == max(1, len(plan.bank.aisles) // 2):
                found = self.witness.find_box(box.code)
                if (found["state"], found["place_key"]) == ("shelved", place.key):
                    return box, place
        raise WitnessError("the centre knows no box that stands where it was put")

    def close(self) -> None:
        """Send everybody home."""
        self.staff.close()
        self.witness.close()

    def play(self) -> None:
        """Do the whole job; StaffError or WitnessError when anything can't be seen."""
        self.meet()
        self.print_label()
        self.reach_box()
        self.take_out()
        self.put_back()

    def meet(self) -> None:
        """Wait until the gateway knows the room, then sign on."""
        self.timeline.head("0. 到岗 · at the kiosk")
        self.witness.await_sight("the gateway online", lambda: self.witness.gateway_state() == "online", 30)
        self.staff.await_sight("the bank idle", self._bank_idle, 30)
        self.timeline.mark("网关在线,密集架就绪 · gateway online, bank idle")
        ends_at = time.monotonic() + 30
        while self.staff.scan_and_hear(self.staff.who.code)["message"]["key"] == "scan.unknown_badge":
            if time.monotonic() > ends_at:
                raise WitnessError("the gateway's replica has no staff")
            _PAUSE.wait(0.3)
        self.timeline.mark("网关已有本库房副本 · the gateway has its replica of the room")
        self.staff.sign_on()
        self.timeline.mark("扫工作证,输入 PIN · badge and PIN", self.staff.who.name)

    def print_label(self) -> None:
        """Have the centre print, and read the picture that came out."""
        self.timeline.head("1. 中心打印标签 · the centre has a label printed")
        found = self.witness.find_box(self.box.code)
        before = self.witness.count_labels()
        self.witness.print_label(found["id"])
        self.timeline.mark("中心接受 · accepted by the centre")
        self.label = before + 1
        self.witness.await_sight("a printed label", lambda: self.witness.count_labels() == self.label, 20)
        self.timeline.mark("标签已出纸 · label came out")
        codes = self.witness.decode_label(self.label)
        if {text for _, text in codes} != {self.box.code} or len(codes) != 2:
            raise WitnessError(f"on the label stands {codes}")
        kinds = ", ".join(sorted(kind.removeprefix("BarcodeFormat.") for kind, _ in codes))
        self.timeline.mark("图像可解码 · picture decoded", f"{self.box.code}: {kinds}")

    def reach_box(self) -> None:
        """Let the camera read the label and the aisle open; a person whom a busy machine kept waiting tries again."""
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                self.show_camera()
                self.open_aisle()
            except (StaffError, WitnessError) as error:
                if not tries_left:
                    raise
                self.timeline.mark("再试一次 · once more", str(error)[:200])
                self.witness.clear_camera()
                self.staff.await_sight("the bank at rest", self._bank_ready, 30)
                _PAUSE.wait(FORGETTING_S)
            else:
                return

    def show_camera(self) -> None:
        """Photograph the label: turned, blurred, unevenly lit; the kiosk asks to look."""
        self.timeline.head("2. 摄像头读标签 · the camera reads the label")
        self.witness.hold_before_camera(self.label)
        self.prompt = self.staff.await_prompt(15)
        self.witness.clear_camera()
        closing = self.prompt["closing_aisles"]
        expected = [aisle for aisle in self.witness.read_shelf().open_aisles if aisle != self.place.aisle]
        if not set(expected) <= set(closing) or self.prompt["opening_aisle"] != self.place.aisle:
            raise WitnessError(f"the prompt names {closing} to close, {self.prompt['opening_aisle']} to open")
        self.timeline.mark("屏幕提示 · prompt", f"通道 {closing} 将关闭,通道 {self.place.aisle} 将打开")

    def open_aisle(self) -> None:
        """Look, press, and follow the columns on kiosk, map and registers until the aisle is open."""
        self.timeline.head("3. 看清、确认、移动 · look, press, move")
        self.staff.confirm(self.prompt, KIOSK_POINT)
        self.timeline.mark("看清无人,按确认 · looked, pressed")
        self.witness.await_sight("the warning", lambda: self.witness.read_shelf().state in (WARNING, MOVING), 5)
        self.timeline.mark("SELECT、OPERATE 已被接受 · accepted by the controller")
        self.witness.await_sight("movement", lambda: self.witness.read_shelf().state == MOVING, 10)
        self.timeline.mark("警示后开始移动 · columns move")
        journey = self._follow()
        self.timeline.mark("通道已打开 · aisle open", f"通道 {self.place.aisle}")
        for name, sights in (("kiosk", journey.kiosk), ("map", journey.centre), ("registers", journey.registers)):
            if len(sights) < FEWEST_SIGHTS:
                raise WitnessError(f"{name}: progress was seen at {len(sights)} values only")
        request_id = self.witness.check_request_done(self.place.aisle)
        self.timeline.mark("控制器记录完成 · logged as done by the controller", f"request {request_id}")
        self.witness.await_sight("the indicator", self._indicator_right, 3)
        spot = f"{self.place.column} 列 {self.place.face} 面 {self.place.section} 节 {self.place.tier} 层"
        self.timeline.mark("指示灯 · indicator", spot)

    def take_out(self) -> None:
        """Scan the box out of its open aisle."""
        self.timeline.head("4. 取出 · taken out")
        self.staff.await_sight("the word to take the box", self._told_to_take)
        self.timeline.mark("屏幕请人取盒 · the kiosk says take it")
        self._scan(self.box.code, "scan.taken")
        self.timeline.mark("取出已记录在网关 · recorded by the gateway")
        who = self.staff.who
        box = self.witness.await_box(
            self.box.code, "the box in hand", lambda box: (box["state"], box["holder_code"]) == ("in_hand", who.code)
        )
        self.timeline.mark("中心知道在谁手里 · the centre knows who has it", box["holder_name"])

    def put_back(self) -> None:
        """Scan place and box."""
        self.timeline.head("5. 放回 · put back")
        self._scan(self.place.code, "scan.place_ready")
        self.timeline.mark("扫架位 · place scanned")
        self._scan(self.box.code, "scan.put")
        self.timeline.mark("扫档案盒 · box scanned")
        box = self.witness.await_box(
            self.box.code,
            "the box shelved",
            lambda box: (box["state"], box["place_key"]) == ("shelved", self.place.key),
        )
        self.timeline.mark("中心知道在架位上 · the centre knows its place", self.place.key)
        actions = [line["action"] for line in self.witness.list_movements(box["id"])][:2]
        if actions != ["put_away", "take_out"]:
            raise WitnessError(f"the history says {actions}")
        self.timeline.mark("出入库记录 · history", "take_out, put_away")

    def _scan(self, text: str, expected: str) -> None:
        heard = self.staff.scan_and_hear(text)["message"]
        if heard["key"] != expected:
            raise WitnessError(f"the kiosk answered {heard['key']} {heard['params']} instead of {expected}")

    def _bank_ready(self, view: dict[str, Any]) -> bool:
        return any(bank["state"] in {"idle", "stopped"} and not bank["stale"] for bank in view["banks"])

    def _bank_idle(self, view: dict[str, Any]) -> bool:
        return any(bank["state"] == "idle" and not bank["stale"] for bank in view["banks"])

    def _told_to_take(self, view: dict[str, Any]) -> bool:
        return any(prompt["message"]["key"] == "prompt.take" for prompt in view["prompts"])

    def _indicator_right(self) -> bool:
        try:
            self.witness.check_indicator(self.place)
        except WitnessError:
            return False
        return True

    def _follow(self) -> Journey:
        journey = Journey()
        ends_at = time.monotonic() + self.stage.plan.bank.longest_travel_ms / 1000 * 1.5 + 5
        while time.monotonic() < ends_at:
            sight = self.witness.read_shelf()
            if sight.state == MOVING:
                journey.registers.add(sight.progress_permille)
                journey.kiosk |= {bank["progress"] for bank in self.staff.see().get("banks", ())}
                journey.centre.add(self.witness.find_live_bank(self.stage.plan.bank.bank_id).get("progress", 0.0))
            elif sight.state == IDLE and self.place.aisle in sight.open_aisles:
                return journey
            elif sight.state not in (WARNING, MOVING, SETTLING):
                break
            _PAUSE.wait(_GLANCE_S)
        raise WitnessError(f"aisle {self.place.aisle} did not open; the registers say {self.witness.read_shelf()}")
