"""What people do in a room, act by act. Each deed is a generator of waits; between two waits anything may happen."""

from __future__ import annotations

from collections.abc import Callable

from edge.core.state import Prompt
from simulators.occupancy import Posture
from simulators.shelf_record import BankState
from simulators.world.agenda import Deed, Glance
from simulators.world.belongings import Belongings
from simulators.world.passers import Passers
from simulators.world.room import Room
from simulators.world.screen import GLANCE_MS
from simulators.world.site import Site

WALKABLE_MM = 450.0  # nobody squeezes into less
OPEN_WAIT_MS = 40_000.0
WALK_MS = 1_500.0
POSTURES = {"kneel": Posture.KNEELING, "climb": Posture.LADDER, "stand_still": Posture.STILL}


class People(Passers):
    """Everybody who works at or comes to one bank."""

    def __init__(self, room: Room, site: Site, boxes: Belongings) -> None:
        super().__init__(room, site, boxes)
        self._visitors = 0
        self._deeds: dict[str, Callable[[], Deed]] = {
            "fetch": self.fetch,
            "put_back": self.put_back,
            "wander": self.wander,
            "clean": self.clean,
            "lock": self.lock,
            **self.list_passing_deeds(),
        }

    def begin_something(self) -> None:
        """Let somebody begin one of the acts, by their weights."""
        weights = self.room.habits.acts
        name = self.room.dice.choices(list(self._deeds), [weights[each] for each in self._deeds])[0]
        self.room.count("acts")
        self.room.agenda.begin(self._deeds[name]())

    # ---- acts -------------------------------------------------------------------------------------------

    def fetch(self) -> Deed:
        """Scan a box, press, walk in, take it, walk out."""
        room, boxes = self.room, self.boxes
        yield from self.sign_on()
        mine = sorted(box for box, key in boxes.shelf.items() if key.startswith(self.site.layout.id))
        if not mine:
            return
        box = room.dice.choice(mine)
        aisle = self.find_aisle(boxes.shelf[box])
        yield from self.scan_box(box)
        yield from self.confirm()
        yield from self.await_open(aisle)
        if self.site.width_mm(aisle) < WALKABLE_MM:
            return
        name = self._name("archivist")
        self.site.enter(name, aisle)
        yield from self.linger(name, "search_s")
        if room.happens(room.habits.people["forget_box"]):
            room.count("forgot_box")
        elif box in boxes.shelf:
            yield from self.scan_box(box)
        yield from self.walk_out(name)

    def put_back(self) -> Deed:
        """Take a box in hand to a free place of an open aisle: scan the place, then the box."""
        room, boxes = self.room, self.boxes
        yield from self.sign_on()
        taken, wide = set(boxes.shelf.values()), self.site.list_open()
        opened = [key for key in self.list_places() if key not in taken and self.find_aisle(key) in wide]
        if not boxes.hand or not opened:
            return
        box, key = boxes.hand[0], room.dice.choice(opened)
        aisle = self.find_aisle(key)
        if self.site.width_mm(aisle) < WALKABLE_MM:
            return
        name = self._name("archivist")
        self.site.enter(name, aisle)
        yield from self.linger(name, "search_s")
        self.scan_place(key)
        yield GLANCE_MS
        if self.said("scan.place_ready") and box in boxes.hand:
            yield from self.scan_box(box)
        yield from self.walk_out(name)

    def wander(self) -> Deed:
        """Walk into an open aisle without scanning anything."""
        yield from self.visit("archivist", "search_s")

    def clean(self) -> Deed:
        """Come without a badge, and clean an aisle."""
        self.room.count("cleaner_came")
        yield from self.visit("cleaner", "cleaner_stay_s")

    def visit(self, who: str, span: str) -> Deed:
        """Walk into any open aisle and stay a while."""
        opened = self.site.list_open()
        if opened:
            yield from self.stay_inside(who, self.room.dice.choice(opened), span)

    def lock(self) -> Deed:
        """Lock an aisle from inside, work, and release the lock at its mouth."""
        room, opened = self.room, self.site.list_open()
        if not opened:
            return
        aisle, name = room.dice.choice(opened), self._name("worker")
        room.count("locked_aisle")
        self.site.enter(name, aisle)
        with self.site.at_now() as model:
            model.set_lock(aisle)
        yield from self.linger(name, "search_s")
        yield from self.walk_out(name)
        with self.site.at_now() as model:
            model.release_lock(aisle)

    def meet_press(self, prompt: Prompt) -> None:
        """Perhaps somebody walks into an aisle though it is about to close, or closes already."""
        if prompt.closing and self.room.happens(self.room.habits.people["walk_in_closing"]):
            self.room.agenda.begin(self.walk_in_closing(prompt.closing[0]))

    def walk_in_closing(self, aisle: int) -> Deed:
        """Walk into an aisle that is about to close."""
        yield self.room.dice.uniform(200, 7_000)
        if self.site.width_mm(aisle) >= WALKABLE_MM:
            if self.site.model.state in (BankState.WARNING, BankState.MOVING):
                self.room.count("walked_in_while_closing")
            yield from self.stay_inside("late one", aisle, "search_s")

    # ---- in the aisle ------------------------------------------------------------------------------------

    def stay_inside(self, who: str, aisle: int, span: str) -> Deed:
        """Walk in, stay, and walk out."""
        name = self._name(who)
        self.site.enter(name, aisle)
        yield from self.linger(name, span)
        yield from self.walk_out(name)

    def await_open(self, aisle: int) -> Deed:
        """Wait before the aisle until it stands open, or give up."""
        room, site, waited = self.room, self.site, 0.0
        while waited < OPEN_WAIT_MS and room.runtime is not None:
            if site.width_mm(aisle) >= site.layout.plan.passable_gap_mm and not site.model.rails.moving:
                return
            if site.bank.request is None and site.model.state not in (BankState.WARNING, BankState.MOVING):
                return
            waited += 2_000
            yield 2_000.0

    def linger(self, name: str, span: str) -> Deed:
        """Be in the aisle, standing as one does; perhaps tie the sweep back."""
        room, people = self.room, self.room.habits.people
        yield WALK_MS
        for habit, posture in POSTURES.items():
            if room.happens(people[habit]):
                room.count(habit)
                with self.site.at_now() as model:
                    model.pose(name, posture)
                break
        inside = self.site.find_person(name)
        if inside is not None and room.happens(people["prop_sweep"]):
            room.count("prop_sweep")
            self.on_prop_sweep(inside.aisle)
        left = self.span_ms(span)
        if room.happens(people["stay_behind"]):
            room.count("stayed_behind")
            left *= 4
        room.agenda.announce(left)
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
        model = self.site.model
        if model.state not in (BankState.WARNING, BankState.MOVING) or model.task is None:
            return False
        closing = model.find_narrowing(model.task)
        return any(person.name == name for person in self.site.look_into(tuple(closing)))

    def walk_out(self, name: str) -> Deed:
        """Walk out of the aisle, as soon as it is wide enough."""
        with self.site.at_now() as model:
            model.pose(name, Posture.WALKING)
        yield WALK_MS
        inside, waited = self.site.find_person(name), 0.0
        while inside is not None and self.site.width_mm(inside.aisle) < WALKABLE_MM and waited < 600_000:
            waited += 5_000
            yield 5_000.0
        self.site.leave(name)

    def _name(self, who: str) -> str:
        self._visitors += 1
        return f"{who} {self._visitors}"
