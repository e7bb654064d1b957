"""Puts the stage up, prints where everything is, plays the story, waits or ends. What `openaisle-sim demo` runs."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from simulators.demo.office import OfficePerson, found_office
from simulators.demo.office_day import OfficeDay
from simulators.demo.stage import Stage, StageError
from simulators.demo.story import Story
from simulators.demo.timeline import Timeline
from simulators.demo.witness import WitnessError
from simulators.staff import StaffError


def perform(*, once: bool, folder: Path | None, first_port: int, say: Callable[[str], object]) -> int:
    """Run the demo; answer the exit status: 0 only if every step was seen from the outside."""
    place = (folder or Path(tempfile.mkdtemp(prefix="openaisle-demo-"))).resolve()
    ended = threading.Event()
    # Ctrl-C too: a shell that starts us in the background has it ignored
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt(ended))
    timeline = Timeline(say)
    stage: Stage | None = None
    try:
        stage = Stage(place, first_port=first_port)
        _put_up(stage, timeline)
        people = _begin_business(stage, timeline)
        _introduce(stage, people, say)
        status = _play(stage, timeline, say)
        if not once:
            _invite(stage, say)
            _stay(stage, timeline, ended)
    except StageError as error:
        say(f"\n没有搭起来 · the stage did not come up: {error}")
        status = 1
    except KeyboardInterrupt:
        status = 130 if once else 0
    finally:
        if stage is not None:
            stage.close()
    say(f"\n日志 · logs: {place}")
    return status


def _interrupt(ended: threading.Event) -> None:
    ended.set()
    raise KeyboardInterrupt


def _put_up(stage: Stage, timeline: Timeline) -> None:
    timeline.head("搭建 · setting up")
    # side by side: they need each other only later
    for program in (stage.broker, stage.room, stage.gateway):
        program.start()
    stage.found_centre()
    timeline.mark("中心数据库 · the centre's database", f"{len(stage.plan.boxes)} 盒 boxes")
    stage.centre.start()
    stage.await_broker()
    timeline.mark("消息代理 · broker", f"127.0.0.1:{stage.ports.broker}")
    stage.await_room()
    timeline.mark("模拟库房 · simulated room", str(stage.folder / "room" / "shelf-bus"))
    stage.await_gateway()
    timeline.mark("网关 · gateway", stage.kiosk_url)
    stage.await_centre()
    timeline.mark("中心 · centre", stage.centre_url)
    stage.write_description()


def _introduce(stage: Stage, people: Sequence[OfficePerson], say: Callable[[str], object]) -> None:
    say(f"\n  中心 centre      {stage.centre_url}")
    for user in stage.plan.users:
        say(f"    {user.login:<10} {user.password:<22} {user.name} ({', '.join(user.roles)})")
    for person in people:
        say(f"    {person.login:<10} {person.password:<22} {person.name} ({person.role})")
    say(f"  营销系统         日志 log: {stage.marketing.log}")
    say(f"  库房屏 kiosk     {stage.kiosk_url}")
    for one in stage.plan.staff:
        say(f"    {one.code}  PIN {one.pin}  {one.name}")
    say(f"  模拟库房 room    {stage.control_url}   (控制接口 control API)")
    say(f"  控制器 shelf     modbus tcp 127.0.0.1:{stage.ports.service}, unit 1 (只读 read-only)")


def _begin_business(stage: Stage, timeline: Timeline) -> tuple[OfficePerson, ...]:
    """Found a department with its people, then let the marketing system work on their cases."""
    admin = next(user for user in stage.plan.users if "admin" in user.roles)
    try:
        people = found_office(stage.centre_url, (admin.login, admin.password), stage.plan.options.room_id)
    except httpx.HTTPError as error:
        raise StageError(f"the office was not founded: {error}") from error
    stage.marketing.start()
    timeline.mark("办公室与营销系统 · office and marketing system", f"{len(people)} 人 people")
    return people


def _stay(stage: Stage, timeline: Timeline, ended: threading.Event) -> None:
    """Let the office work on, some cases left lying, until somebody ends it."""
    try:
        day = OfficeDay(stage, timeline)
    except httpx.HTTPError as error:
        timeline.say(f"\n办公室没有上班 · the office does not work: {error}")
        ended.wait()
        return
    try:
        timeline.head("办公室日常 · the office at work")
        day.work(ended, timeline.say)
    finally:
        day.close()


def _invite(stage: Stage, say: Callable[[str], object]) -> None:
    say("\n一切都开着,按 Ctrl-C 结束。 Everything stays up; Ctrl-C ends it.")
    say("自己扫一个 · scan one yourself:")
    box = next(box for box in stage.plan.boxes if stage.plan.place_of(box).aisle == stage.plan.bank.aisles[1])
    body = f'{{"text": "{box.code}"}}'
    say(f"  curl -H 'Content-Type: application/json' -d '{body}' {stage.control_url}/scan   # {box.title}")


def _play(stage: Stage, timeline: Timeline, say: Callable[[str], object]) -> int:
    try:
        story = Story(stage, timeline)
        try:
            story.play()
        finally:
            story.close()
        day = OfficeDay(stage, timeline)
        try:
            day.play()
        finally:
            day.close()
    except (StaffError, WitnessError, httpx.HTTPError, OSError) as error:
        say(f"\n没有完成 · not done: {error}")
        for program in (*stage.programs, stage.marketing):
            state = "running" if program.running else f"ended with {program.exit_status}"
            sys.stderr.write(f"--- {program.name} ({state})\n{program.tail()}\n")
        return 1
    say(f"\n全部核实 · every step was seen from the outside: {len(timeline.hops)} hops, {timeline.total_ms():.0f} ms")
    return 0
