"""Everything the kiosk shows, made from the state; the runtime publishes it after each step."""

from __future__ import annotations

from typing import Any

from edge.core.answers import tell_place
from edge.core.bank_view import show_bank
from edge.core.climate import list_hazards
from edge.core.events import Now
from edge.core.outcomes import format_at
from edge.core.prompts_view import list_prompts
from edge.core.room import BankSettings
from edge.core.sensors import is_scan_alone_valid, tell_sensor
from edge.core.shown import (
    ActView,
    AnswerView,
    JobView,
    KioskView,
    MessageView,
    QueueView,
    RoomView,
    SessionView,
    StateView,
)
from edge.core.state import Act, Answer, Bank, PrintJob, Session, State, Wish

# how long the sentence of a scan stays
ANSWER_MS = 8_000
UNDOABLE = frozenset({"take_out", "put_away", "move"})
JOBS_SHOWN = 10


def kiosk_view(state: State, now: Now) -> KioskView:
    """Make the page of the room."""
    prompts = list_prompts(state, now)
    settings = state.settings
    return KioskView(
        room=RoomView(id=settings.id, name=settings.name, number=settings.number),
        as_of=format_at(now),
        clock_ok=state.clock_steady and now.clock_ok,
        siren=any(bank.stop is not None and bank.stop.alarm for bank in state.banks.values()),
        prompt=prompts[0],
        prompts=prompts,
        banks=[
            show_bank(each, state.banks[each.id], now, bands=settings.climate, steady=state.clock_steady)
            for each in settings.banks
        ],
        last_acts=[show_act(act) for act in state.acts],
        queue=[show_wish(state, wish, n, now) for bank in state.banks.values() for n, wish in enumerate(bank.queue)],
        sessions=[show_session(state, session) for session in state.sessions.values()],
        states=list_states(state, now),
        answers=[
            show_answer(answer) for answer in state.answers.values() if now.mono_ms - answer.given_mono_ms < ANSWER_MS
        ],
        jobs=[show_job(job) for job in state.jobs[-JOBS_SHOWN:]],
        link=state.link,
    )


def show_act(act: Act) -> ActView:
    """Show one of the last acts."""
    return ActView(
        id=act.id,
        kind=act.kind,
        at=act.at,
        message=MessageView(key=act.key, params=act.params),
        undoable=not act.undone and (act.kind in UNDOABLE or act.before_aisle is not None),
        undone=act.undone,
    )


def show_wish(state: State, wish: Wish, place: int, now: Now) -> QueueView:
    """Show a waiting request and what it waits for."""
    target = wish.target
    name = next((s.staff_name for s in state.sessions.values() if s.staff_code == wish.staff_code), "")
    bank = state.banks[wish.bank]
    seen = list(bank.snapshot.occupied) if bank.snapshot is not None else []
    return QueueView(
        id=wish.id,
        bank=wish.bank,
        place=place,
        operation=target.operation,
        aisle=target.aisle,
        box={"code": target.box_code, "title": target.box_title} if target.box_code is not None else None,
        staff_name=name,
        reason=MessageView(key=wish.reason, params={"aisles": seen}),
        remaining_ms=max(0, wish.expires_mono_ms - now.mono_ms),
    )


def show_session(state: State, session: Session) -> SessionView:
    """Show who is signed on and what is expected of them."""
    sources = [source.id for source in state.settings.sources if source.station == session.station]
    wanted = session.wanted
    return SessionView(
        station=session.station,
        source_ids=sources or [session.station],
        staff_code=session.staff_code,
        staff_name=session.staff_name,
        needs_pin=not session.proven,
        place=tell_place(state, session.place) if session.place is not None else None,
        wanted={"code": wanted.code, "title": wanted.title} if wanted is not None else None,
    )


def show_answer(answer: Answer) -> AnswerView:
    """Show the sentence given to a scan."""
    return AnswerView(
        number=answer.number,
        station=answer.station,
        source_id=answer.source_id,
        sound=answer.sound,
        message=MessageView(key=answer.key, params=answer.params),
    )


def show_job(job: PrintJob) -> JobView:
    """Show a label on its way."""
    return JobView(id=job.id, code=str(job.label["code"]), state=job.state, detail=job.detail)


def name_state(level: str, name: str, subject: str = "", **params: Any) -> StateView:
    """Name a state people must know of."""
    return StateView(key=name, level=level, subject=subject, message=MessageView(key=f"state.{name}", params=params))


def list_states(state: State, now: Now) -> list[StateView]:
    """List every named state that holds now, alarms first."""
    states: list[StateView] = []
    for settings in state.settings.banks:
        states += list_bank_states(settings, state.banks[settings.id])
        states += list_equipment_states(state, settings, now)
    if state.store != "ok":
        states.append(name_state("alarm", f"store_{state.store}"))
    if state.overloaded:
        states.append(name_state("alarm", "overloaded"))
    if not state.clock_steady:
        states.append(name_state("warning", "clock_stepped"))
    states += list_device_states(state)
    if state.link in {"pending", "forked", "refused", "malformed"}:
        states.append(name_state("warning", "link_refused", state=state.link))
    elif state.link in {"untrusted", "unknown_here"}:
        states.append(name_state("warning", f"link_{state.link}"))
    elif state.link != "online":
        states.append(name_state("notice", "centre_silent" if state.link == "waiting_centre" else "link_down"))
    levels = ("alarm", "warning", "notice")
    return sorted(states, key=lambda view: levels.index(view["level"]))


def list_bank_states(settings: BankSettings, bank: Bank) -> list[StateView]:
    """List what holds of one bank."""
    rows = (
        (bank.stop is not None and bank.stop.alarm, "alarm", "stop_unconfirmed"),
        (bank.stop is not None and not bank.stop.alarm, "warning", "stop_sent"),
        (bank.controller == "silent", "alarm", "controller_silent"),
        (bank.controller == "geometry_mismatch", "alarm", "geometry_mismatch"),
        (bank.foreign, "warning", "foreign_motion"),
        (bank.doubted, "warning", "doubted"),
    )
    return [name_state(level, name, settings.id, bank=settings.name) for holds, level, name in rows if holds]


def list_equipment_states(state: State, settings: BankSettings, now: Now) -> list[StateView]:
    """List dangers, climate, sensors that failed or are overdue, locks, and that a scan alone may open."""
    bank = state.banks[settings.id]
    names = {"bank": settings.name}
    states = [name_state("alarm", f"hazard_{hazard}", settings.id, **names) for hazard in list_hazards(bank)]
    states += [name_state("warning", f"climate_{kind}", settings.id, **names) for kind in bank.alarms]
    for sensor in settings.sensors:
        word = tell_sensor(sensor, bank, now)
        if word != "ok":
            states.append(name_state("warning", f"sensor_{word}", settings.id, sensor=sensor.name, **names))
    if bank.snapshot is not None and bank.snapshot.faults:
        states.append(name_state("warning", "bank_fault", settings.id, faults=list(bank.snapshot.faults), **names))
    if bank.detail is not None and "door_open" in (bank.detail.room_inputs or ()):
        states.append(name_state("notice", "door_open", settings.id, **names))
    if bank.locks:
        states.append(name_state("notice", "locked", settings.id, aisles=list(bank.locks), **names))
    entry = settings.scan_alone
    if entry is not None:
        active = is_scan_alone_valid(settings, now, steady=state.clock_steady)
        key = "scan_alone" if active else "scan_alone_ended"
        expires = f"{entry.expires_at:%Y-%m-%d}"
        states.append(name_state("warning", key, settings.id, document=entry.document, expires=expires, **names))
    return states


def list_device_states(state: State) -> list[StateView]:
    """List what is unplugged, empty or broken, and the labels that wait for a person."""
    names = {source.id: source.name for source in state.settings.sources}
    waiting = [str(job.label["code"]) for job in state.jobs if job.state in {"queued", "failed"}]
    doubtful = [str(job.label["code"]) for job in state.jobs if job.state == "unknown"]
    states: list[StateView] = []
    for device, word in state.devices.items():
        if device in names:
            name = "device_unplugged" if word == "unplugged" else "device_fault"
            states.append(name_state("warning", name, device, device=names[device]))
        else:
            name = {"out_of_labels": "printer_out_of_labels", "unplugged": "printer_unplugged"}.get(
                word, "printer_fault"
            )
            states.append(name_state("warning", name, device, codes=waiting))
    if doubtful:
        states.append(name_state("warning", "print_unknown", codes=doubtful))
    return states
