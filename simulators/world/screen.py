"""What people do at the screen and with the scanner: sign on, read the prompt, look or don't, press, scan.

They see what stands on the screen and what stands in the aisles; whether they look is a matter of habit.
"""

from __future__ import annotations

from edge.core.events import CodeRead, PinChecked, PromptConfirmed, PromptDismissed
from edge.core.geometry import find_aisle
from edge.core.state import Prompt
from simulators.world.agenda import Deed
from simulators.world.belongings import Belongings
from simulators.world.presses import Press
from simulators.world.room import Room
from simulators.world.site import Site

GLANCE_MS = 400.0
PROMPT_WAIT_MS = 4_000.0
LATE_MS = 29_000.0


class Screen:
    """The screen of the room, for somebody who stands before one bank."""

    def __init__(self, room: Room, site: Site, boxes: Belongings) -> None:
        self.room = room
        self.site = site
        self.boxes = boxes

    def span_ms(self, name: str) -> float:
        """Draw how long something takes."""
        low, high = self.room.habits.pace[name]
        return 1000 * self.room.dice.uniform(low, high)

    def sign_on(self) -> Deed:
        """Scan a badge and type the PIN, unless somebody is signed on."""
        room = self.room
        if room.state is None or any(session.proven for session in room.state.sessions.values()):
            return
        badge = room.dice.choice(list(room.layout.staff))
        room.scan(badge)
        yield GLANCE_MS
        room.post(PinChecked("kiosk", badge, "ok"))
        yield GLANCE_MS

    def await_prompt(self) -> Deed:
        """Look at the screen until a prompt can be pressed, or give up; a bank that wakes is waited for."""
        waited = 0.0
        while waited < PROMPT_WAIT_MS and self.see_prompt() is None:
            waited += GLANCE_MS
            yield GLANCE_MS

    def see_prompt(self) -> Prompt | None:
        """What the screen asks for."""
        if self.room.runtime is None:
            return None
        prompt = self.site.bank.prompt
        return prompt if prompt is not None and prompt.shown_mono_ms else None

    def said(self, key: str) -> bool:
        """Tell whether the screen's last sentence was this one."""
        state = self.room.state
        answer = None if state is None else state.answers.get("kiosk")
        return answer is not None and answer.key == key

    def confirm(self) -> Deed:
        """Look, or don't, and press."""
        room, people = self.room, self.room.habits.people
        yield from self.await_prompt()
        if self.see_prompt() is None:
            return
        if room.happens(people["no_press"]):
            room.count("left_prompt")
            return
        yield LATE_MS if room.happens(people["late_press"]) else self.span_ms("look_s")
        prompt = self.see_prompt()
        if prompt is None:
            return
        looked = not room.happens(people["no_look"])
        inside = self.site.look_into(prompt.closing)
        if not looked:
            room.count("confirmed_without_looking")
            room.count("confirmed_over_somebody" if inside else "confirmed_over_nobody")
        elif inside:
            room.tell(f"sees {', '.join(p.name for p in inside)} inside and does not press")
            room.count("saw_somebody")
            room.post(PromptDismissed("kiosk", prompt.wish.id))
            return
        self.press(prompt, looked=looked)
        yield from self._go_on_after_press(prompt)

    def _go_on_after_press(self, prompt: Prompt) -> Deed:
        """Do what one does not do after a press."""
        room, people = self.room, self.room.habits.people
        self.meet_press(prompt)
        if room.happens(people["second_press"]):
            yield room.dice.uniform(5, 150)
            room.count("pressed_again")
            with self.site.at_now() as model:
                model.press_confirm(self.site.layout.button + 1)
        if room.happens(people["second_scan"]):
            yield room.dice.uniform(5, 300)
            room.count("scanned_after_press")
            self.scan_place(room.dice.choice(self.list_places()))

    def meet_press(self, prompt: Prompt) -> None:
        """Somebody has just pressed; who is about does what they do then."""

    def press(self, prompt: Prompt, *, looked: bool, afar: bool = False) -> None:
        """Press at one of the points."""
        room, people, layout = self.room, self.room.habits.people, self.site.layout
        draw = room.dice.random()
        kind = "card" if draw < people["by_card"] else "kiosk"
        if people["by_card"] <= draw < people["by_card"] + people["by_button"]:
            kind = "button"
        kind = "kiosk" if afar else kind
        room.tell(f"presses ({kind}) for aisle {layout.id}{prompt.wish.target.aisle}, closing {list(prompt.closing)}"
                  f"{'' if looked else ', without looking'}{', from afar' if afar else ''}")  # fmt: skip
        if kind == "button":
            with self.site.at_now() as model:
                model.press_confirm(layout.button)
        self.note_press(kind, prompt, looked=looked, afar=afar)
        if kind == "kiosk":
            room.post(PromptConfirmed("kiosk", prompt.wish.id, afar=afar))
        elif kind == "card":
            room.post(CodeRead("gun", "trigger", layout.card, int(room.agenda.now_ms)))

    def note_press(self, kind: str, prompt: Prompt, *, looked: bool, afar: bool = False) -> None:
        """Note for the monitor what is pressed, and when."""
        with self.site.at_now() as model:
            head = model.ring_head
        self.site.monitor.book.note(
            Press(kind, self.room.agenda.now_ms, prompt.wish.id, prompt.closing, head, looked, afar)
        )

    def list_places(self) -> list[str]:
        """List the places of this bank."""
        return [key for key, place in self.room.layout.places.items() if place.bank == self.site.layout.id]

    def find_aisle(self, key: str) -> int:
        """Find the aisle of a place."""
        place = self.room.layout.places[key]
        return find_aisle(place.column, place.face)

    def scan_place(self, key: str) -> None:
        """Scan the label of a place, standing before it."""
        if self.room.runtime is not None:
            self.site.monitor.note_place_scan(self.find_aisle(key))
        self.room.scan(self.room.layout.places[key].code)

    def scan_box(self, box: str) -> Deed:
        """Scan a box and look at the answer; without one nobody knows where it counts as being."""
        room, boxes = self.room, self.boxes
        if box in boxes.doubtful or room.state is None:
            return
        boots, answers = room.boots, room.state.answer_count
        boxes.doubtful.add(box)
        room.scan(box)
        yield GLANCE_MS
        # another answer may have covered this one; then nobody saw it
        if room.state is not None and room.boots == boots and room.state.answer_count == answers + 1:
            boxes.doubtful.discard(box)
            if self.said("scan.taken") and box in boxes.shelf:
                boxes.take(box)
            elif (self.said("scan.put") or self.said("scan.moved")) and not boxes.put(
                box, room.state.answers["kiosk"].params["place"]
            ):
                room.count("box_moved_by_a_stray_scan")
