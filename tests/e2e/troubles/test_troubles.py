"""What fails around a gateway: each failure has a name, a sentence, a metric, moves nothing, and ends without a restart."""

from __future__ import annotations

import subprocess

from simulators.demo.stage_files import PRINTER, SCANNER
from tests.e2e.kiosk_front import LOOK_S
from tests.e2e.troubles.troubled_house import ANSWER_S, MARKS, TroubledHouse
from tests.wait import wait_for

pytestmark = MARKS


def test_broker_down(house: TroubledHouse) -> None:
    motions = house.motions()
    assert house.metric("openaisle_gateway_link_up") == 1
    house.stage.broker.kill()
    house.await_state("link_down")
    house.reads("与中心的连接断开。库房照常工作", "No link to the centre. The room works on")
    assert house.metric("openaisle_gateway_link_up") == 0
    assert house.condition("link_down") == 1
    box = house.move_box()
    assert house.metric("openaisle_gateway_outbox_facts") > 0
    assert house.health() == 200  # offline is normal
    house.stage.start_broker()
    house.await_end("link_down", 45)
    house.await_metric("openaisle_gateway_outbox_facts", 0, 30)
    assert house.metric("openaisle_gateway_link_up") == 1
    assert house.condition("link_down") == 0
    wait_for(lambda: house.history(box)[0][1] == house.place(box), 15, "the movement at the centre", pause_s=0.1)
    assert house.motions() == motions


def test_centre_down(house: TroubledHouse) -> None:
    motions = house.motions()
    house.stage.centre.kill()
    house.await_state("centre_silent")
    house.reads("中心没有回应。库房照常工作", "The centre does not answer. The room works on")
    assert house.metric("openaisle_gateway_link_up") == 0
    assert house.metric('openaisle_gateway_link_state{state="waiting_centre"}') == 1
    box = house.move_box()
    assert house.metric("openaisle_gateway_outbox_facts") > 0
    house.stage.start_centre()
    house.await_end("centre_silent")
    house.await_metric("openaisle_gateway_outbox_facts", 0, 30)
    assert house.metric("openaisle_gateway_link_up") == 1
    wait_for(lambda: house.history(box)[0][1] == house.place(box), 15, "the movement at the centre", pause_s=0.1)
    assert house.motions() == motions


def test_database_locked(house: TroubledHouse) -> None:
    prompt = house.prompt_for(house.far_box())
    motions, faults = house.motions(), house.metric('openaisle_gateway_store_faults_total{condition="locked"}')
    other = house.hold_store()
    try:
        # what is written every second may find the lock before the press does, and then the prompt is gone
        assert house.confirm(prompt) in {"refused.store", "scan.no_prompt"}
        house.await_state("store_locked")
        house.reads("数据库被占用。不移动、不记录", "The database is locked. Nothing moves, nothing is recorded")
        assert house.metric('openaisle_gateway_store_faults_total{condition="locked"}') > faults
        assert house.condition("store_locked") == 1
        assert house.health() == 503
        assert house.scan(house.far_box().code)[0] == "refused.store"
        assert house.press("stop") == 202  # a stop needs no disk
        house.see("the stop", lambda view: view["banks"][0]["state"] in {"idle", "stopped"})
    finally:
        other.execute("ROLLBACK")
        other.close()
    house.await_end("store_locked")
    assert house.condition("store_locked") == 0
    assert house.health() == 200
    assert house.motions() == motions
    house.settle()
    house.prompt_for(house.far_box())
    assert house.motions() == motions


def test_disk_full(house: TroubledHouse) -> None:
    prompt = house.prompt_for(house.far_box())
    motions, faults = house.motions(), house.metric('openaisle_gateway_store_faults_total{condition="full"}')
    filler = house.fill_disk()
    ended = house.keep_full(filler)
    try:
        # a scan that is recorded needs the disk; the log may have a little room left at first
        wait_for(lambda: house.scan("NO-CODE")[0] == "refused.store" or "store_full" in house.states(), 30, "no room")
        house.await_state("store_full")
        house.reads("磁盘已满。不移动、不记录", "Disk full. Nothing moves, nothing is recorded")
        assert house.metric('openaisle_gateway_store_faults_total{condition="full"}') > faults
        assert house.condition("store_full") == 1
        assert house.health() == 503
        assert house.confirm(prompt) in {"refused.store", "scan.no_prompt"}
        assert house.scan(house.far_box().code)[0] == "refused.store"
    finally:
        ended.set()
        filler.unlink()
    house.await_end("store_full")
    assert house.condition("store_full") == 0
    assert house.health() == 200
    house.settle()
    house.prompt_for(house.far_box())
    assert house.motions() == motions


def test_gateway_started_on_a_full_disk(house: TroubledHouse) -> None:
    motions, facts = house.motions(), len(house.facts())
    house.stage.gateway.stop()
    filler = house.fill_disk()
    try:
        house.start_gateway()
        house.await_state("store_full", 40)
        house.reads("磁盘已满。不移动、不记录", "Disk full. Nothing moves, nothing is recorded")
        house.see("the bank, alive", lambda view: view["banks"][0]["state"] in {"idle", "stopped"})
        assert house.health() == 503
        assert house.condition("store_full") == 1
        assert house.scan(house.people[0].who.code)[0] == "refused.store"
        assert house.press("stop") == 202
    finally:
        filler.unlink()
    house.await_end("store_full")
    house.see("the centre", lambda view: view["link"] == "online")
    assert house.health() == 200
    assert len(house.facts()) > facts
    house.settle()
    house.prompt_for(house.far_box())
    assert house.motions() == motions


def test_controller_silent(house: TroubledHouse) -> None:
    up = 'openaisle_gateway_controller_up{bank="A"}'
    prompt = house.prompt_for(house.far_box())
    motions = house.motions()
    assert house.metric(up) == 1
    house.room.put("/faults", json={"silence_per_frame": 1.0}).raise_for_status()
    house.await_state("controller_silent")
    house.reads("1区:控制器没有回应", "1区: controller silent")
    assert house.metric(up) == 0
    assert house.condition("controller_silent", "A") == 1
    assert house.confirm(prompt) in {"refused.controller_silent", "scan.no_prompt"}
    assert house.scan(house.far_box().code)[0] == "refused.controller_silent"
    assert house.motions() == motions
    house.room.put("/faults", json={}).raise_for_status()
    house.await_end("controller_silent")
    house.await_metric(up, 1)
    house.settle()
    house.prompt_for(house.far_box())
    assert house.motions() == motions


def test_controller_silent_in_motion(house: TroubledHouse) -> None:
    prompt = house.prompt_for(house.far_box())
    motions = house.motions()
    house.confirm(prompt)
    wait_for(lambda: not house.truth()["standstill"], 15, "motion", pause_s=LOOK_S)
    house.room.put("/faults", json={"silence_per_frame": 1.0}).raise_for_status()
    # nobody's answers are heard any more, so the permits run out and the steel ends its motion by itself
    wait_for(lambda: house.truth()["standstill"], 3, "standstill", pause_s=LOOK_S)
    travelled = house.truth()["travelled_mm"]
    house.await_state("controller_silent")
    house.await_state("stop_unconfirmed")
    house.reads("未确认停止,请按急停", "stop not confirmed, press the emergency stop")
    assert house.condition("stop_unconfirmed", "A") == 1
    house.room.put("/faults", json={}).raise_for_status()
    house.await_end("stop_unconfirmed")
    house.await_end("controller_silent")
    assert house.truth()["travelled_mm"] == travelled
    assert house.motions() == motions + 1
    settle_stopped(house)


def settle_stopped(house: TroubledHouse) -> None:
    """Go on after a motion that was broken off: aisles between open and closed need a press like any other."""
    house.settle()
    house.open_aisle(house.far_box())
    house.await_end("doubted")


def test_printer_out_of_labels(house: TroubledHouse) -> None:
    up = f'openaisle_gateway_device_up{{device="{PRINTER}"}}'
    done = f'openaisle_gateway_prints_total{{device="{PRINTER}",outcome="done"}}'
    motions, labels, printed = house.motions(), house.labels(), house.metric(done)
    house.room.put("/printer", json={"out_of_labels": True}).raise_for_status()
    house.await_state("printer_out_of_labels")
    box = house.far_box()
    house.print_label(box)
    house.see("the label kept", lambda view: any(job["state"] == "failed" for job in view["jobs"]))
    house.reads(
        f"打印机缺纸。标签 {box.code} 尚未打印,编号已保留", f"The printer is out of labels. {box.code} not printed"
    )
    assert house.metric(up) == 0
    assert house.condition("printer_out_of_labels", PRINTER) == 1
    house.room.put("/printer", json={"out_of_labels": False}).raise_for_status()
    house.await_end("printer_out_of_labels")
    house.await_metric(up, 1)
    assert house.labels() == labels  # printed again only by a person
    assert house.press("resume-printing") == 202
    wait_for(lambda: house.labels() == labels + 1, 15, "the label", pause_s=0.1)
    house.await_metric(done, printed + 1)
    assert house.motions() == motions


def test_scanner_unplugged(house: TroubledHouse) -> None:
    up = f'openaisle_gateway_device_up{{device="{SCANNER}"}}'
    motions, box = house.motions(), house.far_box()
    house.room.put("/scanner", json={"plugged": False}).raise_for_status()
    house.await_state("device_unplugged")
    house.reads(
        "手持扫描枪 已断开。请插好;接上后自动恢复", "手持扫描枪 is unplugged. Plug it in; it comes back by itself"
    )
    assert house.metric(up) == 0
    assert house.condition("device_unplugged", SCANNER) == 1
    assert house.said("code", house.newest_answer(), text=box.code) == "scan.prompted"  # the keypad still serves
    house.room.put("/scanner", json={"plugged": True}).raise_for_status()
    house.await_end("device_unplugged")
    assert house.metric(up) == 1
    key, took_s = house.scan("NO-CODE")
    assert key == "scan.unknown_code"
    assert took_s < ANSWER_S
    assert house.motions() == motions


def test_a_stepped_clock_is_named(house: TroubledHouse) -> None:
    motions = house.motions()
    for ahead_s in (3_600, 0):  # somebody sets the clock an hour ahead, and back
        house.turn_clock(ahead_s)
        house.await_state("clock_stepped")
        wait_for(lambda ahead_s=ahead_s: clock_is_ahead(house) == ahead_s, 5, "the other time", pause_s=0.1)  # type: ignore[misc]
    house.reads("时钟跳变。继续工作", "The clock jumped. Work goes on")
    assert house.condition("clock_stepped") == 1
    assert house.health() == 200
    before = len(house.facts())
    box = house.move_box()
    wait_for(lambda: house.history(box)[0][1] == house.place(box), 15, "the movement at the centre", pause_s=0.1)
    marked = house.ask("SELECT json_extract(CAST(line AS TEXT), '$.clock_ok') FROM record ORDER BY seq")[before:]
    assert marked
    assert not any(row[0] for row in marked), "records of an uncertain time say so"
    assert house.motions() == motions


def clock_is_ahead(house: TroubledHouse) -> int:
    """Whole hours in seconds by which the gateway's wall clock differs from this machine's."""
    shown = subprocess.run(
        ["date", "-u", "-d", house.view()["as_of"], "+%s"], capture_output=True, text=True, check=True
    ).stdout
    true = subprocess.run(["date", "-u", "+%s"], capture_output=True, text=True, check=True).stdout
    return round((int(shown) - int(true)) / 3_600) * 3_600


def test_the_clock_is_believed_again(house: TroubledHouse) -> None:
    if not house.clock_steps:
        house.turn_clock(3)
        house.await_state("clock_stepped")
    house.await_end("clock_stepped", 75)
    assert house.condition("clock_stepped") == 0
    house.move_box()
    told = house.ask("SELECT json_extract(CAST(line AS TEXT), '$.clock_ok') FROM record ORDER BY seq DESC LIMIT 1")
    assert told == [(1,)]
