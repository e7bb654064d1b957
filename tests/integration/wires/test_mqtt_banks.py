"""Controllers on a broker in the room, over a real mosquitto with the room's configuration."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from edge.core import effects, events
from edge.core.snapshot import Operation
from edge.drivers.shelf_mqtt import MqttShelf, RoomBrokerAddress
from edge.drivers.shelf_serial import ShelfBank
from simulators import shelf_words
from simulators.shelf_record import BankState
from tests.integration.wires.broker_stand import PREFIX, Stand, make_bank
from tests.integration.wires.room_broker import RoomBroker, run_room_broker
from tests.integration.wires.wired_core import REQUEST_ID, WiredCore
from tests.wait import wait_for

pytestmark = pytest.mark.broker
REQUESTS = ("select", "operate", "act", "lease", "stop", "deselect", "indicator", "read")
REPORTS = ("answer", "identity", "motion", "detail", "log", "event", "wear", "presence")


@pytest.fixture(scope="module")
def broker() -> Iterator[RoomBroker]:
    """One broker for all tests of this file."""
    with run_room_broker() as running:
        yield running


@pytest.fixture
def stand(broker: RoomBroker) -> Iterator[Stand]:
    banks = {bank: make_bank(broker, bank, seed) for seed, bank in enumerate("AB", 1)}
    with banks["A"].desk.controller.at_now() as model:
        geometry = shelf_words.identify(model, "test").geometry_hash
    for bank in banks.values():
        bank.start()
    address = RoomBrokerAddress(broker.host, broker.port, "gateway", broker.password_file("gateway"))
    shelf = MqttShelf("broker", address, [ShelfBank(b, 0, geometry) for b in banks], client_id="gateway-r01")
    core = WiredCore()
    core.start(shelf)
    stand = Stand(broker, core, shelf, banks)
    try:
        core.wait(events.SnapshotArrived, "A")
        core.wait(events.SnapshotArrived, "B")
        yield stand
    finally:
        shelf.close()
        for bank in stand.banks.values():
            bank.close()
        for client in stand.clients:
            client.close()


def test_two_banks_open_at_once(stand: Stand) -> None:
    """SPEC 7.11: each bank is a bus of its own; select, operate, leases, settled."""
    stand.core.open_aisle(bank="A", request_id=REQUEST_ID)
    stand.core.open_aisle(2, bank="B", request_id=REQUEST_ID + 1)
    assert stand.core.wait_state("moving", bank="B").state == "moving"
    for bank, aisle in (("A", 3), ("B", 2)):
        reached = stand.core.wait_state("idle", bank=bank, timeout_s=10)
        assert (reached.open_aisles, reached.outcome) == ((aisle,), "done")
    assert stand.banks["A"].desk.declined == []
    assert stand.core.wait(events.DetailArrived).detail.positions_mm[0] == 0


def test_acts_go_the_same_way(stand: Stand) -> None:
    """SPEC 5.12, 7.9: lock, light, clear fault, wake; refused where there is nothing to unlock but an inside lock."""
    with stand.banks["A"].desk.controller.at_now() as model:
        model.set_lock(3)
    acts: tuple[tuple[Operation, int], ...] = (("lock", 2), ("light_on", 2), ("clear_fault", 0), ("wake", 0))
    for operation, aisle in acts:
        assert stand.core.act(operation, aisle).reasons == (), operation
    with stand.banks["A"].desk.controller.at_now() as model:
        assert (model.circumstances.gateway_locks, model.lights) == ({2}, {2})
    assert stand.core.act("sleep").reasons == ("not_supported",), "a bank that never sleeps"
    assert stand.core.act("unlock", 3).reasons == ("local",)
    assert stand.core.act("unlock", 2).reasons == ()


def test_what_moves_steel_besides_opening_needs_its_lease_too(stand: Stand) -> None:
    """SPEC 5.12: close all by SELECT and OPERATE over the broker."""
    stand.core.open_aisle(2)
    stand.core.wait_state("moving")
    stand.core.wait_state("idle")
    stand.core.operate(stand.core.select(0, request_id=REQUEST_ID + 1, operation="close_all"))
    stand.core.wait_state("moving")
    assert stand.core.wait_state("idle").open_aisles == (4,)


def test_stop_is_repeated_until_read_back(stand: Stand) -> None:
    """Safety 14, SPEC 7.11: on the bank's leaf and to all in turn, then standstill is read."""
    other = stand.join("B", "ear")
    other.listen(PREFIX + "all/stop")
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    stand.core.stop()
    assert wait_for(lambda: stand.core.all(events.StopReadBack), 5, "standstill read back")[0].standstill
    assert "stop" in stand.banks["A"].desk.obeyed
    assert stand.state() is BankState.STOPPED
    stand.banks["A"].vanish()
    stand.core.stop()
    wait_for(lambda: len(other.heard) >= 2, 5, "STOP to everybody, again and again")


def test_a_controller_that_vanishes_is_offline_at_once(stand: Stand) -> None:
    """SPEC 7.8: by its last will, not by a time-out of ours; coming back is a reason to read it."""
    known = stand.core.wait_condition("online")
    stand.banks["A"].vanish()
    silent = stand.core.wait_condition("silent", after=known)
    assert stand.core.all(events.ControllerChanged, "B")[-1].state == "online"
    stand.banks["A"] = make_bank(stand.broker, "A", 9)
    stand.banks["A"].start()
    stand.core.wait_condition("online", after=silent)


def test_the_gateway_s_end_stops_the_bank(stand: Stand) -> None:
    """SPEC 7.7: a gateway that dies leaves a STOP; the lease would have ended half a second later anyway."""
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    broken = stand.shelf.broker._client.socket()  # a cable is cut, not a method called
    assert isinstance(broken, socket.socket)
    broken.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: "stop" in stand.banks["A"].desk.obeyed, 5, "the gateway's last will")
    wait_for(lambda: stand.state() in {BankState.STOPPED, BankState.IDLE}, 3, "standstill")
    silent = stand.core.wait_condition("silent")
    stand.core.wait_condition("online", after=silent)


def test_a_broker_that_restarts_costs_a_reading_and_no_motion(stand: Stand) -> None:
    """Design 2: broker gone is a named state; nothing is taken up again."""
    known = len(stand.core.all(events.ControllerChanged))
    stand.broker.stop()
    silent = stand.core.wait_condition("silent", after=known)
    with pytest.raises(OSError, match="does not answer"):
        stand.shelf.broker.open_channel("A")
    stood = stand.positions()
    stand.shelf.submit(effects.SendSelect("A", 77, "open_aisle", 3, "", 0, 0, 10**15))
    failed = wait_for(lambda: stand.core.all(events.WireFailed), 3, "a refusal")
    assert failed[0].reason == "silent"
    stand.broker.start()
    stand.core.wait_condition("online", after=silent, timeout_s=15)
    assert stand.positions() == stood


# ---------------------------------------------------------------- attacks


def test_others_can_neither_ask_nor_answer(stand: Stand) -> None:
    """Safety 16: the access list. Bank B's controller and a visitor can't ask, answer or listen for bank A."""
    ear = stand.join("gateway", "gateway-ear")
    ear.listen(*(f"{PREFIX}A/{leaf}" for leaf in REPORTS))
    heard = list(stand.banks["A"].desk.obeyed)
    for user in ("B", "visitor"):
        attacker = stand.join(user, f"attacker-{user}")
        attacker.listen(PREFIX + "#", *(f"{PREFIX}A/{leaf}" for leaf in (*REQUESTS, *REPORTS)))
        for leaf in (*REQUESTS, *REPORTS):
            attacker.say(f"A/{leaf}", b'{"reason":1,"online":false,"boot_id":1}')
        attacker.say("all/stop", b'{"reason":1}')
    before = len(ear.heard)
    wait_for(lambda: len(ear.heard) > before + 4, 5, "some more readings")
    for client in stand.clients[1:]:
        assert [topic for topic, _ in client.heard if not topic.startswith(PREFIX + "B/")] == []
    assert [leaf for leaf in stand.banks["A"].desk.obeyed[len(heard) :] if leaf == "stop"] == []
    assert not [payload for _, payload in ear.heard if b'"online":false' in payload]
    assert [event.state for event in stand.core.all(events.ControllerChanged)] == ["online"]


def test_a_retained_message_ends_its_sender_s_connection(stand: Stand) -> None:
    """Safety 16: the broker keeps nothing, not even for those who may publish."""
    bad = stand.join("A", "bank-A-bad")
    bad.say("A/motion", b"{}", retain=True, qos=1)
    wait_for(lambda: bad.ended, 5, "the broker to hang up")
    assert "etain" in bad.ended[0]


def test_a_replayed_motion_moves_nothing(stand: Stand) -> None:
    """SPEC 7.6: what was said once, byte for byte, by the gateway's own user: no number is taken twice."""
    spy = stand.join("A", "bank-A-spy")
    spy.listen(*(f"{PREFIX}A/{leaf}" for leaf in REQUESTS))
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    stand.core.stop()
    wait_for(lambda: stand.core.all(events.StopReadBack), 5, "standstill")
    said = [(topic.removeprefix(PREFIX), payload) for topic, payload in spy.heard]
    again = [(topic, payload) for topic, payload in said if topic.split("/")[1] in {"select", "operate", "lease"}]
    assert {topic.split("/")[1] for topic, _ in again} == {"select", "operate", "lease"}
    stood, desk = stand.positions(), stand.banks["A"].desk
    before, obeyed = len(desk.declined), len([leaf for leaf in desk.obeyed if leaf in {"select", "operate", "lease"}])
    thief = stand.join("gateway", "gateway-thief")
    for topic, payload in again:
        thief.say(topic, payload)
        thief.say(topic, payload)
    wait_for(lambda: len(desk.declined) >= before + 2 * len(again), 5, "all of it declined")
    assert {decline.value for decline in desk.declined} == {"NUMBER"}
    assert len([leaf for leaf in desk.obeyed if leaf in {"select", "operate", "lease"}]) == obeyed
    assert stand.positions() == stood


def test_a_forged_motion_refreshes_nothing(stand: Stand) -> None:
    """SPEC 7.10: a snapshot without our stamp, with another's, or with an old one, answers nothing."""
    forger = stand.join("A", "bank-A-forger")
    forger.listen(f"{PREFIX}A/read")
    wait_for(lambda: [p for _, p in forger.heard if b'"motion"' in p], 5, "a request to copy")
    asked = json.loads(next(p for _, p in forger.heard if b'"motion"' in p))
    seen = len(stand.core.all(events.SnapshotArrived))
    sheet = {
        "state": "MOVING", "open_aisles": [], "operation": "NONE", "aisle": 0, "progress_permille": None,
        "safety_bits": [], "fault_bits": [], "occupancy_seen": [], "occupancy_unknown": [],
        "contacts": ["BOTH"] * 4, "sequence": 60000, "event_ring_head": 0, "boot_id_low": 1,
        "last_request_id_low": 0, "outcome": "NONE", "cause": "NONE",
    }  # fmt: skip
    old = {"nonce": asked["nonce"], "number": asked["number"]}
    for stamp in ({}, {"nonce": "0123456789abcdef", "number": 5}, old):
        forger.say("A/motion", json.dumps(stamp | sheet).encode())
    wait_for(lambda: stand.shelf.broker.dropped["unasked"] >= 3, 5, "the forgeries to be dropped")
    wait_for(lambda: len(stand.core.all(events.SnapshotArrived)) > seen + 2, 5, "true readings")
    assert "moving" not in {event.snapshot.state for event in stand.core.all(events.SnapshotArrived)}


def test_a_second_gateway_takes_over_and_the_first_is_declined(stand: Stand) -> None:
    """SPEC 7.6: one nonce at a time; the one that was replaced never comes back, its motion can only lapse."""
    stand.core.open_aisle()
    stand.core.wait_state("moving")
    second = stand.join("gateway", "gateway-second")
    second.say("A/read", b'{"nonce":"00000000000000aa","number":1,"sheet":"identity"}')
    desk = stand.banks["A"].desk
    wait_for(lambda: desk.declined, 5, "the first to be declined")
    assert {decline.value for decline in desk.declined} == {"NONCE"}
    wait_for(lambda: stand.state() in {BankState.STOPPED, BankState.IDLE}, 5, "the lease to lapse")
    with desk.controller.at_now() as model:
        assert model.request_log[-1].outcome.name == "LAPSED"
