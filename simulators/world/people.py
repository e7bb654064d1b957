"""What people do in a room, act by act. Each deed is a generator of waits; between two waits anything may happen.

They see what stands on the screen and what stands in the aisles; whether they look is a matter of habit.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.core.events import (
    CloseAllAsked,
    CodeRead,
    CommandArrived,
    PinChecked,
    PromptConfirmed,
    PromptDismissed,
    SessionEnded,
    StopPressed,
)
from edge.core.geometry import find_aisle
from edge.core.state import Prompt
from simulators.occupancy import Posture
from simulators.shelf_record import BankState, SafetyInput
from simulators.world.agenda import Deed, Glance
from simulators.world.layout import BANK, CONFIRM_BUTTON
from simulators.world.presses import Press
from simulators.world.room import Room

GLANCE_MS = 400.0
PROMPT_WAIT_MS = 4_000.0
OPEN_WAIT_MS = 40_000.0
WALKABLE_MM = 450.0  # nobody squeezes into less
LATE_MS = 29_000.0
POSTURES = {"kneel": Posture.KNEELING, "climb": Posture.LADDER, "stand_still": Posture.STILL}


class People:
    """Everybody who works in or comes into one room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.hand: list[str] = []  # boxes in hands, in truth
        self.shelf = {code: key for code, (_, key) in room.layout.boxes.items()}  # and where the others stand
        self.doubtful: set[str] = set()  # scanned, and nobody saw what came of it
        self._visitors = 0
        self._deeds: dict[str, Callable[[], Deed]] = {
            "fetch": self.fetch,
            "put_back": self.put_back,
            "wander": self.wander,
            "clean": self.clean,
            "wrong_scan": self.scan_wrong,
            "bank_button": self.press_bank_button,
            "remote": self.use_remote,
            "handle": self.turn_handle,
            "close_all": self.close_all,
            "stop": self.stop,
            "lock": self.lock,
            "afar": self.ask_from_afar,
            "emergency_stop": lambda: self.hold("hit_emergency_stop", SafetyInput.EMERGENCY_STOP),
            "maintain": lambda: self.hold("turned_maintenance_key", SafetyInput.MAINTENANCE),
            "fire_alarm": lambda: self.hold("fire_alarm", SafetyInput.FIRE),
        }

    def begin_something(self) -> None:
        """Let somebody begin one of the acts, by their weights."""
        weights = self.room.habits.acts
        name = self.room.dice.choices(list(self._deeds), [weights[each] for each in self._deeds])[0]
        self.room.count("acts")
        self.room.agenda.begin(self._deeds[name]())

    def _span_ms(self, name: str) -> float:
        low, high = self.room.habits.pace[name]
        return 1000 * self.room.dice.uniform(low, high)

    # ---- at the screen --------------------------------------------------------------------------------

    def sign_on(self) -> Deed:
        """Scan a badge and type the PIN, unless somebody is signed on."""
        room = self.room
        if room.runtime is None or any(s.proven for s in room.runtime.state.sessions.values()):
            return
        badge = room.dice.choice(list(room.layout.staff))
        room.scan(badge)
        yield GLANCE_MS
        room.post(PinChecked("kiosk", badge, "ok"))
        yield GLANCE_MS

    def await_prompt(self) -> Deed:
        """Look at the screen until a prompt can be pressed, or give up."""
        waited = 0.0
        while waited < PROMPT_WAIT_MS and self.see_prompt() is None:
            waited += GLANCE_MS
            yield GLANCE_MS

    def see_prompt(self) -> Prompt | None:
        """What the screen asks for."""
        if self.room.runtime is None:
            return None
        prompt = self.room.bank.prompt
        return prompt if prompt is not None and prompt.shown_mono_ms else None

    def confirm(self) -> Deed:
        """Look, or don't, and press."""
        room, people = self.room, self.room.habits.people
        yield from self.await_prompt()
        if self.see_prompt() is None:
            return
        if room.happens(people["no_press"]):
            room.count("left_prompt")
            return
        yield LATE_MS if room.happens(people["late_press"]) else self._span_ms("look_s")
        prompt = self.see_prompt()
        if prompt is None:
            return
        looked = not room.happens(people["no_look"])
        inside = room.look_into(prompt.closing)
        if not looked:
            room.count("confirmed_without_looking")
            room.count("confirmed_over_somebody" if inside else "confirmed_over_nobody")
        elif inside:
            room.tell(f"sees {', '.join(p.name for p in inside)} inside and does not press")
            room.count("saw_somebody")
            room.post(PromptDismissed("kiosk", prompt.wish.id))
            return
        self.press(prompt, looked=looked)
        if room.happens(people["walk_in_closing"]) and prompt.closing:
            room.agenda.begin(self.walk_in_closing(prompt.closing[0]))
        if room.happens(people["second_press"]):
            yield room.dice.uniform(5, 150)
            room.count("pressed_again")
            with room.controller.at_now() as model:
                model.press_confirm(CONFIRM_BUTTON + 1)
        if room.happens(people["second_scan"]):
            yield room.dice.uniform(5, 300)
            room.count("scanned_after_press")
            self.scan_place(room.dice.choice(list(room.layout.places)))

    def press(self, prompt: Prompt, *, looked: bool, afar: bool = False) -> None:
        """Press at one of the points."""
        room, people = self.room, self.room.habits.people
        draw = room.dice.random()
        kind = "card" if draw < people["by_card"] else "kiosk"
        if people["by_card"] <= draw < people["by_card"] + people["by_button"]:
            kind = "button"
        kind = "kiosk" if afar else kind
        room.tell(f"presses ({kind}) for aisle {prompt.wish.target.aisle}, closing {list(prompt.closing)}"
                  f"{'' if looked else ', without looking'}{', from afar' if afar else ''}")  # fmt: skip
        if kind == "button":
            with room.controller.at_now() as model:
                model.press_confirm(CONFIRM_BUTTON)
        self.note_press(kind, prompt, looked=looked, afar=afar)
        if kind == "kiosk":
            room.post(PromptConfirmed("kiosk", prompt.wish.id, afar=afar))
        elif kind == "card":
            room.post(CodeRead("gun", "trigger", room.layout.card, int(room.agenda.now_ms)))

    def note_press(self, kind: str, prompt: Prompt, *, looked: bool, afar: bool = False) -> None:
        """Note for the monitor what is pressed, and when."""
        room = self.room
        with room.controller.at_now() as model:
            head = model.ring_head
        press = Press(kind, room.agenda.now_ms, prompt.wish.id, prompt.closing, head, looked, afar)
        room.monitor.book.note(press)

    def scan_place(self, key: str) -> None:
        """Scan the label of a place, standing before it."""
        place = self.room.layout.places[key]
        self.room.monitor.note_place_scan(find_aisle(place.column, place.face))
        self.room.scan(place.code)

    # ---- acts -------------------------------------------------------------------------------------------

    def fetch(self) -> Deed:
        """Scan a box, press, walk in, take it, walk out."""
        room = self.room
        yield from self.sign_on()
        if not self.shelf:
            return
        box = room.dice.choice(sorted(self.shelf))
        place = room.layout.places[self.shelf[box]]
        aisle = find_aisle(place.column, place.face)
        yield from self.scan_box(box)
        yield from self.confirm()
        yield from self.await_open(aisle)
        if not self.may_walk_in(aisle):
            return
        name = self._name("archivist")
        room.enter(name, aisle)
        yield from self.linger(name, "search_s")
        if room.happens(room.habits.people["forget_box"]):
            room.count("forgot_box")
        elif box in self.shelf:
            yield from self.scan_box(box)
        yield from self.walk_out(name)

    def put_back(self) -> Deed:
        """Open an aisle for a box in hand: scan the place, then the box."""
        room = self.room
        yield from self.sign_on()
        free = sorted(set(room.layout.places) - set(self.shelf.values()))
        wide = room.list_open()
        opened = [key for key in free if self._aisle_of(key) in wide]
        if not self.hand or not opened:
            return
        box, key = self.hand[0], room.dice.choice(opened)
        aisle = self._aisle_of(key)
        if not self.may_walk_in(aisle):
            return
        name = self._name("archivist")
        room.enter(name, aisle)
        yield from self.linger(name, "search_s")
        self.scan_place(key)
        yield GLANCE_MS
        if self.said("scan.place_ready") and box in self.hand:
            yield from self.scan_box(box)
        yield from self.walk_out(name)

    def scan_box(self, box: str) -> Deed:
        """Scan a box and look at the answer; without one nobody knows where it counts as being."""
        room = self.room
        if box in self.doubtful or room.runtime is None:
            return
        boots, answers = room.boots, room.runtime.state.answer_count
        self.doubtful.add(box)
        room.scan(box)
        yield GLANCE_MS
        # another answer may have covered this one; then nobody saw it
        if room.runtime is not None and room.boots == boots and room.runtime.state.answer_count == answers + 1:
            self.doubtful.discard(box)
            if self.said("scan.taken") and box in self.shelf:
                del self.shelf[box]
                self.hand.append(box)
            elif self.said("scan.put") or self.said("scan.moved"):
                self.obey(box)

    def obey(self, box: str) -> None:
        """Put a box where the screen says that it stands now: another's scan may have named that place."""
        assert self.room.runtime is not None
        place = self.room.runtime.state.answers["kiosk"].params["place"]
        if box in self.hand:
            self.hand.remove(box)
        else:
            self.room.count("box_moved_by_a_stray_scan")
        self.shelf[box] = f"{BANK}-{place['column']:02d}-{place['face']}-{place['section']}-{place['tier']}-1"

    def wander(self) -> Deed:
        """Walk into an open aisle without scanning anything."""
        yield from self.visit("archivist", "search_s")

    def clean(self) -> Deed:
        """Come without a badge, and clean an aisle."""
        self.room.count("cleaner_came")
        yield from self.visit("cleaner", "cleaner_stay_s")

    def visit(self, who: str, span: str) -> Deed:
        """Walk into any open aisle and stay a while."""
        opened = self.room.list_open()
        if not opened:
            return
        name = self._name(who)
        self.room.enter(name, self.room.dice.choice(opened))
        yield from self.linger(name, span)
        yield from self.walk_out(name)

    def walk_in_closing(self, aisle: int) -> Deed:
        """Walk into an aisle though it is about to close, or closes already."""
        room = self.room
        yield room.dice.uniform(200, 7_000)
        if not self.may_walk_in(aisle):
            return
        name = self._name("late one")
        if room.model.state in (BankState.WARNING, BankState.MOVING):
            room.count("walked_in_while_closing")
        room.enter(name, aisle)
        yield from self.linger(name, "search_s")
        yield from self.walk_out(name)

    def scan_wrong(self) -> Deed:
        """Scan something that is no use here."""
        room = self.room
        room.count("scanned_wrong")
        other = "BX02000001X"
        code = room.dice.choice(["GARBAGE", other, room.layout.end_code, room.layout.card, "PL0100000"])
        prompt = self.see_prompt()
        if code == room.layout.card and prompt is not None:
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
        room = self.room
        aisle = room.dice.choice(room.layout.plan.aisles)
        with room.controller.at_now() as model:
            closing = model.closing_for(aisle)
        if looks and room.look_into(closing):
            return
        if not looks:
            room.faults["no_look_at_the_panel", 0] = "panel"
        room.tell(f"opens aisle {aisle} at the bank itself")
        with room.controller.at_now() as model:
            model.press_open(aisle)
        yield OPEN_WAIT_MS / 2
        room.faults.pop(("no_look_at_the_panel", 0), None)

    def turn_handle(self) -> Deed:
        """Move a column by its handle, where nobody stands beside it."""
        room = self.room
        column = room.dice.choice([c.no for c in room.layout.plan.columns if not c.fixed])
        if room.look_into((column - 1, column)) or room.model.state not in (BankState.IDLE, BankState.STOPPED):
            return
        room.count("turned_handle")
        room.tell(f"turns the handle of column {column}")
        with room.controller.at_now() as model:
            model.turn_handle(column, room.dice.uniform(-150, 150))
        yield GLANCE_MS

    def close_all(self) -> Deed:
        """Ask to gather the free width, and confirm it."""
        self.room.count("closed_all")
        self.room.post(CloseAllAsked("kiosk", BANK))
        yield GLANCE_MS
        yield from self.confirm()

    def stop(self) -> Deed:
        """Press STOP on the screen or at the bank, as likely as not while something moves."""
        room = self.room
        waited = 0.0
        while room.model.state is not BankState.MOVING and waited < 60_000:
            waited += GLANCE_MS * 5
            yield Glance(GLANCE_MS * 5)
        room.count("pressed_stop")
        room.tell("presses stop")
        if room.happens(0.5):
            room.post(StopPressed("kiosk", BANK))
        else:
            with room.controller.at_now() as model:
                model.press_stop()

    def lock(self) -> Deed:
        """Lock an aisle from inside, work, and release the lock at its mouth."""
        room = self.room
        opened = room.list_open()
        if not opened:
            return
        aisle, name = room.dice.choice(opened), self._name("worker")
        room.count("locked_aisle")
        room.enter(name, aisle)
        with room.controller.at_now() as model:
            model.set_lock(aisle)
        yield from self.linger(name, "search_s")
        yield from self.walk_out(name)
        with room.controller.at_now() as model:
            model.release_lock(aisle)

    def ask_from_afar(self) -> Deed:
        """Let the centre propose an aisle, and somebody in an office try to confirm it."""
        room = self.room
        room.count("asked_from_afar")
        command = f"{room.dice.getrandbits(64):016x}"
        payload = {"bank": BANK, "aisle": room.dice.choice(room.layout.plan.aisles)}
        room.post(CommandArrived(command, "propose_aisle", payload, room.read_wall(), 5_000))
        yield GLANCE_MS
        prompt = self.see_prompt()
        if prompt is not None:
            room.count("confirmed_from_afar")
            self.press(prompt, looked=False, afar=True)
            yield GLANCE_MS
            room.post(PromptDismissed("kiosk", prompt.wish.id))

    def hold(self, hazard: str, what: SafetyInput) -> Deed:
        """Hit the emergency stop, turn the key, let the fire panel speak; and take it back after a while."""
        room = self.room
        room.count(hazard)
        room.tell(f"{hazard}")
        with room.controller.at_now() as model:
            model.hold(what)
        yield self._span_ms("search_s")
        with room.controller.at_now() as model:
            model.release(what)

    # ---- in the aisle ------------------------------------------------------------------------------------

    def may_walk_in(self, aisle: int) -> bool:
        """Tell whether there is room to walk in."""
        return self.room.width_mm(aisle) >= WALKABLE_MM

    def await_open(self, aisle: int) -> Deed:
        """Wait before the aisle until it stands open, or give up."""
        room, waited = self.room, 0.0
        while waited < OPEN_WAIT_MS and room.runtime is not None:
            if room.width_mm(aisle) >= room.layout.plan.passable_gap_mm and not room.model.rails.moving:
                return
            if room.bank.request is None and room.model.state not in (BankState.WARNING, BankState.MOVING):
                return
            waited += 2_000
            yield 2_000.0

    def linger(self, name: str, span: str) -> Deed:
        """Be in the aisle, standing as one does; perhaps tie the sweep back."""
        room, people = self.room, self.room.habits.people
        yield 1_500.0
        for habit, posture in POSTURES.items():
            if room.happens(people[habit]):
                room.count(habit)
                with room.controller.at_now() as model:
                    model.pose(name, posture)
                break
        inside = next((p for p in room.model.occupancy.people if p.name == name), None)
        if inside is not None and room.happens(people["prop_sweep"]):
            room.count("prop_sweep")
            self.on_prop_sweep(inside.aisle)
        left = self._span_ms(span)
        if room.happens(people["stay_behind"]):
            room.count("stayed_behind")
            left *= 4
        while left > 0:
            yield Glance(3_000) if left > 3_000 else left
            left -= 3_000
            if self._is_warned(name) and room.happens(people["notice_warning"]):
                room.count("noticed_warning")
                return

    def on_prop_sweep(self, aisle: int) -> None:
        """Tie a sweep back; the mishaps put this right one day."""
        raise RuntimeError(f"nobody keeps the sweeps of aisle {aisle}")

    def _is_warned(self, name: str) -> bool:
        model = self.room.model
        if model.state not in (BankState.WARNING, BankState.MOVING) or model.task is None:
            return False
        closing = model.closing_for(model.task.aisle)
        return any(person.name == name for person in self.room.look_into(closing))

    def walk_out(self, name: str) -> Deed:
        """Walk out of the aisle, as soon as it is wide enough."""
        room = self.room
        with room.controller.at_now() as model:
            model.pose(name, Posture.WALKING)
        yield 1_500.0
        inside = next((p for p in room.model.occupancy.people if p.name == name), None)
        waited = 0.0
        while inside is not None and room.width_mm(inside.aisle) < WALKABLE_MM and waited < 600_000:
            waited += 5_000
            yield 5_000.0
        room.leave(name)

    def said(self, key: str) -> bool:
        """Tell whether the screen's last sentence was this one."""
        if self.room.runtime is None:
            return False
        answer = self.room.runtime.state.answers.get("kiosk")
        return answer is not None and answer.key == key

    def _aisle_of(self, key: str) -> int:
        place = self.room.layout.places[key]
        return find_aisle(place.column, place.face)

    def _name(self, who: str) -> str:
        self._visitors += 1
        return f"{who} {self._visitors}"


def end_session(room: Room) -> None:
    """Sign off at the screen."""
    room.post(SessionEnded("kiosk", "gun"))
