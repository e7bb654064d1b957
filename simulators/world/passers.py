"""What passes through a room beside the work in its aisles: buttons, handles, keys, alarms, offices, labels, undo."""

from __future__ import annotations

from collections.abc import Callable

from edge.core.events import (
    CommandArrived,
    OperationAsked,
    PrintResumed,
    PromptDismissed,
    ReprintAsked,
    RequestMoved,
    RequestWithdrawn,
    StopPressed,
    UndoAsked,
)
from edge.core.snapshot import Operation
from simulators.shelf_record import BankState, RoomInput, SafetyInput
from simulators.world.agenda import Deed, Glance
from simulators.world.screen import GLANCE_MS, Screen

PANEL_MS = 20_000.0
STOP_WAIT_MS = 60_000.0
PRINT_WAIT_MS = 3_000.0
TTL_MS = 5_000
MOVEMENTS = frozenset({"take_out", "put_away", "move"})


class Passers(Screen):
    """People who want no box of an aisle."""

    def list_passing_deeds(self) -> dict[str, Callable[[], Deed]]:
        """List these acts by the name of their weight."""
        return {
            "wrong_scan": self.scan_wrong,
            "bank_button": self.press_bank_button,
            "remote": self.use_remote,
            "handle": self.turn_handle,
            "close_all": self.close_all,
            "stop": self.stop,
            "afar": self.ask_from_afar,
            "operate": self.operate,
            "lock_by_screen": self.lock_by_screen,
            "tidy_queue": self.tidy_queue,
            "kick_sweep": self.kick_sweep,
            "undo": self.undo,
            "print_label": self.print_label,
            "emergency_stop": lambda: self.hold("hit_emergency_stop", SafetyInput.EMERGENCY_STOP),
            "maintain": lambda: self.hold("turned_maintenance_key", SafetyInput.MAINTENANCE),
            "fire_alarm": lambda: self.hold("fire_alarm", SafetyInput.FIRE),
            "smoke_alarm": lambda: self.hold("smoke_alarm", SafetyInput.SMOKE),
            "water_alarm": self.flood_floor,
        }

    def scan_wrong(self) -> Deed:
        """Scan something that is no use here."""
        room, card = self.room, self.site.layout.card
        room.count("scanned_wrong")
        code = room.dice.choice(["GARBAGE", "BX02000001X", room.layout.end_code, card, "PL0100000"])
        prompt = self.see_prompt()
        if code == card and prompt is not None:
            room.count("confirmed_without_looking")
            self.note_press("card", prompt, looked=False)
        room.scan(code)
        yield GLANCE_MS

    def press_bank_button(self) -> Deed:
        """Open an aisle by the bank's own button, after a look or without."""
        room = self.room
        room.count("pressed_bank_button")
        yield from self._open_locally(looks=not room.happens(room.habits.people["no_look"]))

    def use_remote(self) -> Deed:
        """Open an aisle by the wireless remote, from where nobody sees the aisles."""
        self.room.count("used_remote")
        yield from self._open_locally(looks=False)

    def _open_locally(self, *, looks: bool) -> Deed:
        room, site = self.room, self.site
        aisle = room.dice.choice(site.layout.plan.aisles)
        with site.at_now() as model:
            closing = model.closing_for(aisle)
        if looks and site.look_into(closing):
            return
        if not looks:
            site.faults["no_look_at_the_panel", 0] = "panel"
        room.tell(f"opens aisle {site.layout.id}{aisle} at the bank itself")
        with site.at_now() as model:
            model.press_open(aisle)
        yield PANEL_MS
        site.faults.pop(("no_look_at_the_panel", 0), None)

    def turn_handle(self) -> Deed:
        """Move a column by its handle, where nobody stands beside it."""
        room, site = self.room, self.site
        column = room.dice.choice([c.no for c in site.layout.plan.columns if not c.fixed])
        if site.look_into((column - 1, column)) or site.model.state not in (BankState.IDLE, BankState.STOPPED):
            return
        room.count("turned_handle")
        room.tell(f"turns the handle of column {site.layout.id}{column}")
        with site.at_now() as model:
            model.turn_handle(column, room.dice.uniform(-150, 150))
        yield GLANCE_MS

    def close_all(self) -> Deed:
        """Ask to gather the free width, and confirm it."""
        self.room.count("closed_all")
        self.room.post(OperationAsked("kiosk", self.site.layout.id, "close_all"))
        yield GLANCE_MS
        yield from self.confirm()

    def operate(self) -> Deed:
        """Ask for even gaps, night park or homing, and confirm it."""
        operation: Operation = self.room.dice.choice(("ventilate", "park", "home"))
        self.room.count(f"asked_{operation}")
        self.room.post(OperationAsked("kiosk", self.site.layout.id, operation))
        yield GLANCE_MS
        yield from self.confirm()

    def lock_by_screen(self) -> Deed:
        """Lock an aisle at the screen, and unlock it later, by a press after a look."""
        room, bank_id = self.room, self.site.layout.id
        aisle = room.dice.choice(self.site.list_open() or list(self.site.layout.plan.aisles))
        room.count("locked_by_screen")
        room.tell(f"locks aisle {bank_id}{aisle} at the screen")
        room.post(OperationAsked("kiosk", bank_id, "lock", aisle))
        yield self.span_ms("search_s")
        while room.runtime is not None and aisle in self.site.bank.locks:
            room.post(OperationAsked("kiosk", bank_id, "unlock", aisle))
            yield GLANCE_MS
            yield from self.confirm()
            yield PANEL_MS

    def tidy_queue(self) -> Deed:
        """Put a waiting request first, or take it out."""
        room = self.room
        queue = self.site.bank.queue if room.runtime is not None else ()
        if queue:
            wish = room.dice.choice(queue)
            room.count("tidied_queue")
            away = RequestWithdrawn("kiosk", wish.id)
            room.post(away if room.happens(0.5) else RequestMoved("kiosk", wish.id, 0))
        yield GLANCE_MS

    def kick_sweep(self) -> Deed:
        """Kick the bar at the foot of a column."""
        room, site = self.room, self.site
        room.count("kicked_sweep")
        with site.at_now() as model:
            model.trip_sweep(room.dice.choice([c.no for c in site.layout.plan.columns if not c.fixed]))
        yield GLANCE_MS

    def flood_floor(self) -> Deed:
        """Let water come into the room, and go."""
        self.room.count("water_alarm")
        with self.site.at_now() as model:
            model.switch_room_input(RoomInput.WATER, on=True)
        yield self.span_ms("search_s")
        with self.site.at_now() as model:
            model.switch_room_input(RoomInput.WATER, on=False)

    def stop(self) -> Deed:
        """Press STOP on the screen or at the bank, as likely as not while something moves."""
        room, site, waited = self.room, self.site, 0.0
        room.agenda.announce(STOP_WAIT_MS)
        while site.model.state is not BankState.MOVING and waited < STOP_WAIT_MS:
            waited += GLANCE_MS * 5
            yield Glance(GLANCE_MS * 5)
        room.count("pressed_stop")
        room.tell("presses stop")
        if room.happens(0.5):
            room.post(StopPressed("kiosk", site.layout.id))
        else:
            with site.at_now() as model:
                model.press_stop()

    def ask_from_afar(self) -> Deed:
        """Let the centre propose an aisle, and somebody in an office try to confirm it."""
        room, site = self.room, self.site
        room.count("asked_from_afar")
        command = f"{room.dice.getrandbits(64):016x}"
        payload = {"bank": site.layout.id, "aisle": room.dice.choice(site.layout.plan.aisles)}
        room.post(CommandArrived(command, "propose_aisle", payload, room.read_wall(), TTL_MS))
        yield GLANCE_MS
        prompt = self.see_prompt()
        if prompt is not None:
            room.count("confirmed_from_afar")
            self.press(prompt, looked=False, afar=True)
            yield GLANCE_MS
            room.post(PromptDismissed("kiosk", prompt.wish.id))

    def undo(self) -> Deed:
        """Press undo beside one of the last acts; a movement goes back, a motion becomes a prompt."""
        room, boxes = self.room, self.boxes
        state = room.state
        acts = [] if state is None else [act for act in state.acts if not act.undone and act.kind != "undo"]
        acts = [act for act in acts if act.box_code not in boxes.doubtful]
        if state is None or not acts:
            return
        act = room.dice.choice(acts)
        room.count("pressed_undo")
        room.tell(f"presses undo beside {act.kind} {act.box_code or ''}")
        boots, answers = room.boots, state.answer_count
        if act.box_code is not None:
            boxes.doubtful.add(act.box_code)
        room.post(UndoAsked("kiosk", act.id))
        yield GLANCE_MS
        seen = room.state is not None and room.boots == boots and room.state.answer_count == answers + 1
        if act.box_code is None or act.kind not in MOVEMENTS:
            yield from self.confirm()
        elif seen:
            boxes.doubtful.discard(act.box_code)
            if self.said("undo.done"):
                boxes.put_back(act)

    def print_label(self) -> Deed:
        """Let the centre ask for a label; whoever stands at the printer loads it and decides about doubtful ones."""
        room = self.room
        command = f"{room.dice.getrandbits(64):016x}"
        payload = {"box_code": room.dice.choice(sorted(room.layout.boxes))}
        room.count("label_asked")
        room.post(CommandArrived(command, "print_label", payload, room.read_wall(), TTL_MS))
        yield PRINT_WAIT_MS
        if room.state is None:
            return
        if not room.printer.has_labels and any(job.state == "failed" for job in room.state.jobs):
            room.printer.load()
            room.note_prints(job.id for job in room.state.jobs if job.state == "failed")
            room.post(PrintResumed("kiosk"))
        doubtful = next((job for job in room.state.jobs if job.state == "unknown"), None)
        if doubtful is not None and room.happens(0.5):
            room.count("label_printed_again")
            room.note_prints([doubtful.id])
            room.post(ReprintAsked("kiosk", doubtful.id))
        yield GLANCE_MS

    def hold(self, hazard: str, what: SafetyInput) -> Deed:
        """Hit the emergency stop, turn the key, let the fire panel speak; and take it back after a while."""
        room = self.room
        room.count(hazard)
        room.tell(hazard)
        with self.site.at_now() as model:
            model.hold(what)
        yield self.span_ms("search_s")
        with self.site.at_now() as model:
            model.release(what)
