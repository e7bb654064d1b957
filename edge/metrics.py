"""Every metric of the gateway in one table, and how they are read from the running parts at a scrape.

Nothing is counted twice: parts keep plain counters of their own, and this file only reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.core.effects import Effect
from edge.core.events import Event
from edge.core.shown import KioskView
from edge.core.snapshot import UNDER_WAY
from edge.shelf_metrics import Readings, ShelfWatch, add, list_refusals

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class MetricDef:
    """One metric: its name, what it says, its labels."""

    name: str
    help: str
    kind: Kind
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS = (
    MetricDef("openaisle_gateway_build_info", "1, with the version that runs", "gauge", ("version",)),
    MetricDef("openaisle_gateway_executor_up", "1 while the one deciding thread lives", "gauge"),
    MetricDef("openaisle_gateway_view_age_seconds", "Age of the newest view; above 3 the executor is stuck", "gauge"),
    MetricDef("openaisle_gateway_inbox_events", "Events that wait to be decided", "gauge"),
    MetricDef("openaisle_gateway_inbox_refused_total", "Events the full inbox refused", "counter", ("event",)),
    MetricDef("openaisle_gateway_events_total", "Events decided", "counter", ("event",)),
    MetricDef("openaisle_gateway_effects_total", "Effects that left", "counter", ("effect",)),
    MetricDef(
        "openaisle_gateway_decide_seconds",
        "Time that one decision took, commit not included",
        "histogram",
        buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
    ),
    MetricDef("openaisle_gateway_answers_total", "Sentences given to scans and presses", "counter", ("key",)),
    MetricDef(
        "openaisle_gateway_refusals_total", "Refused scans, wishes, presses and commands by row", "counter", ("reason",)
    ),
    MetricDef("openaisle_gateway_commands_total", "Commands of the centre by answer", "counter", ("result",)),
    MetricDef("openaisle_gateway_condition", "1 for each named state that holds", "gauge", ("condition", "subject")),
    MetricDef("openaisle_gateway_controller_up", "1 while the bank's controller answers", "gauge", ("bank",)),
    MetricDef(
        "openaisle_gateway_bank_fault",
        "1 for a bank in fault, with a silent or a mismatched controller",
        "gauge",
        ("bank",),
    ),
    MetricDef("openaisle_gateway_bank_state", "1 for the state the bank is in", "gauge", ("bank", "state")),
    MetricDef("openaisle_gateway_bank_moving", "1 while the bank travels or is about to", "gauge", ("bank",)),
    MetricDef("openaisle_gateway_lease_permitted", "1 while the core permits a lease", "gauge", ("bank",)),
    MetricDef("openaisle_gateway_queue_requests", "Requests that wait as prompts to be", "gauge", ("bank",)),
    MetricDef("openaisle_gateway_reading_age_seconds", "Age of the newest reading of a bank", "gauge", ("bank",)),
    MetricDef(
        "openaisle_gateway_stop_unconfirmed",
        "1 while a STOP was not read back in time: the siren sounds",
        "gauge",
        ("bank",),
    ),
    MetricDef("openaisle_gateway_stops_total", "STOP orders given", "counter", ("bank", "reason")),
    MetricDef(
        "openaisle_gateway_outcomes_total",
        "Requested motions settled: done, refused, failed or unknown",
        "counter",
        ("bank", "outcome"),
    ),
    MetricDef(
        "openaisle_gateway_motion_seconds", "How long the motion under way has lasted; 0 at rest", "gauge", ("bank",)
    ),
    MetricDef(
        "openaisle_gateway_opening_seconds",
        "How long the last completed opening took, from OPERATE to settled",
        "gauge",
        ("bank",),
    ),
    MetricDef(
        "openaisle_gateway_travel_limit_seconds",
        "Warning and longest travel as the installer signed them",
        "gauge",
        ("bank",),
    ),
    MetricDef(
        "openaisle_gateway_aisle_open_seconds",
        "How long an aisle other than the home one has stood open; only open ones have a row",
        "gauge",
        ("bank", "aisle"),
    ),
    MetricDef(
        "openaisle_gateway_sensor_blind",
        "1 while the sensor of an aisle didn't see somebody it should have seen",
        "gauge",
        ("bank", "aisle"),
    ),
    MetricDef(
        "openaisle_gateway_proof_test_days",
        "Days until the proof test of a sensor expires; negative: it has expired",
        "gauge",
        ("bank", "sensor"),
    ),
    MetricDef("openaisle_gateway_temperature_celsius", "Temperature at a bank, if measured", "gauge", ("bank",)),
    MetricDef("openaisle_gateway_humidity_percent", "Humidity at a bank, if measured", "gauge", ("bank",)),
    MetricDef(
        "openaisle_gateway_climate_out_of_band", "1 while it is hot, cold, humid or dry", "gauge", ("bank", "kind")
    ),
    MetricDef("openaisle_gateway_hazard", "1 while fire, smoke or water is reported", "gauge", ("bank", "kind")),
    MetricDef("openaisle_gateway_scan_alone", "1 while a scan alone may open the bank", "gauge", ("bank",)),
    MetricDef("openaisle_gateway_scan_alone_days", "Days until that ends; negative: it has ended", "gauge", ("bank",)),
    MetricDef(
        "openaisle_gateway_column_cycles_total",
        "Travels of a column, as its controller counts them",
        "counter",
        ("bank", "column"),
    ),
    MetricDef(
        "openaisle_gateway_motor_current_amperes",
        "Motor current of a column, as its controller reports it",
        "gauge",
        ("bank", "column"),
    ),
    MetricDef(
        "openaisle_gateway_ring_recalled_total",
        "Entries of the event ring read after a start that were noted before it",
        "counter",
        ("bank",),
    ),
    MetricDef(
        "openaisle_gateway_ring_missed_total",
        "Entries of the event ring overwritten before a start could read them",
        "counter",
        ("bank",),
    ),
    MetricDef("openaisle_gateway_people_in_room", "People badged in", "gauge"),
    MetricDef("openaisle_gateway_bus_exchanges_total", "Requests sent on the bus", "counter", ("bus",)),
    MetricDef("openaisle_gateway_bus_answers_total", "Answers heard on the bus", "counter", ("bus",)),
    MetricDef("openaisle_gateway_bus_timeouts_total", "Requests that nobody answered in time", "counter", ("bus",)),
    MetricDef("openaisle_gateway_bus_faults_total", "Frames with wrong checksum, length or sense", "counter", ("bus",)),
    MetricDef("openaisle_gateway_bus_strays_total", "Frames that answered nothing asked", "counter", ("bus",)),
    MetricDef("openaisle_gateway_bus_reopened_total", "Times the line was lost and opened again", "counter", ("bus",)),
    MetricDef("openaisle_gateway_device_up", "1 while a scanner, camera or printer works", "gauge", ("device",)),
    MetricDef("openaisle_gateway_scanner_codes_total", "Texts read", "counter", ("device",)),
    MetricDef(
        "openaisle_gateway_scanner_garbage_bytes_total", "Bytes that could be part of no code", "counter", ("device",)
    ),
    MetricDef("openaisle_gateway_camera_frames_total", "Pictures taken from the camera", "counter", ("device",)),
    MetricDef("openaisle_gateway_camera_looks_total", "Pictures searched for a label", "counter", ("device",)),
    MetricDef("openaisle_gateway_prints_total", "Print jobs settled, by outcome", "counter", ("device", "outcome")),
    MetricDef("openaisle_gateway_print_jobs_waiting", "Labels not yet begun", "gauge", ("device",)),
    MetricDef(
        "openaisle_gateway_printer_garbage_total", "Answers of the printer that were no status", "counter", ("device",)
    ),
    MetricDef("openaisle_gateway_outbox_facts", "Facts the centre has not acknowledged", "gauge"),
    MetricDef("openaisle_gateway_outbox_oldest_seconds", "Age of the oldest of them; 0 when there is none", "gauge"),
    MetricDef(
        "openaisle_gateway_store_faults_total", "Times the disk took nothing, by condition", "counter", ("condition",)
    ),
    MetricDef("openaisle_gateway_link_up", "1 while the centre is reached and takes records", "gauge"),
    MetricDef("openaisle_gateway_link_state", "1 for the state the link is in", "gauge", ("state",)),
    MetricDef("openaisle_gateway_link_events_total", "What the link counted, by kind", "counter", ("kind",)),
    MetricDef("openaisle_gateway_feed_revision", "Revision of the room's replica", "gauge"),
    MetricDef("openaisle_gateway_kiosk_refused_total", "Requests the kiosk's guard refused", "counter", ("reason",)),
)
BY_NAME = {metric.name: metric for metric in METRICS}


class Metrics:
    """The registry of one gateway."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self.registry = CollectorRegistry()
        refused = BY_NAME["openaisle_gateway_kiosk_refused_total"]
        self.kiosk_refused = Counter(refused.name, refused.help, refused.labels, registry=self.registry)
        refusals = BY_NAME["openaisle_gateway_refusals_total"]
        self._refusals = Counter(refusals.name, refusals.help, refusals.labels, registry=self.registry)
        self.watch = ShelfWatch()
        decide = BY_NAME["openaisle_gateway_decide_seconds"]
        self._decide_s = Histogram(decide.name, decide.help, registry=self.registry, buckets=decide.buckets)
        self.registry.register(ScrapeReader(read))

    def note_step(self, event: Event, effects: Sequence[Effect], took_s: float) -> None:
        """Measure one decision and count what it refused; called by the executor."""
        self._decide_s.observe(took_s)
        for reason in list_refusals(effects):
            self._refusals.labels(reason).inc()
        self.watch.note_step(event, effects)


class ScrapeReader(Collector):
    """Reads all other metrics when they are asked for."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Return nothing: reading only to learn the names would ask the disk at start."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read every part once."""
        for name, readings in self._read().items():
            metric = BY_NAME[name]
            family_type = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = family_type(metric.name, metric.help, labels=metric.labels)
            for labels, value in readings:
                family.add_metric(list(labels), value)
            yield family


class BusPart(Protocol):
    """What is read of a shelf driver."""

    @property
    def bus_id(self) -> str: ...

    @property
    def reopened(self) -> int: ...

    @property
    def counters(self) -> object: ...


def read_view(view: KioskView | None, view_age_s: float) -> Readings:
    """Read banks, conditions and queue from the newest view, so many seconds old by the clock that never steps."""
    readings: Readings = {}
    if view is None:
        return readings
    troubled = {
        state["subject"] for state in view["states"] if state["key"] in {"controller_silent", "geometry_mismatch"}
    }
    banks = view["banks"]
    add(readings, "openaisle_gateway_view_age_seconds", [((), view_age_s)])
    add(readings, "openaisle_gateway_bank_state", [((bank["bank"], bank["state"]), 1) for bank in banks])
    add(readings, "openaisle_gateway_bank_moving", [((bank["bank"],), bank["state"] in UNDER_WAY) for bank in banks])
    add(readings, "openaisle_gateway_controller_up", [((bank["bank"],), bank["state"] != "offline") for bank in banks])
    add(
        readings,
        "openaisle_gateway_bank_fault",
        [((bank["bank"],), bank["bank"] in troubled or bank["state"] in {"fault", "offline"}) for bank in banks],
    )
    waiting = [wish["bank"] for wish in view["queue"]]
    add(readings, "openaisle_gateway_queue_requests", [((b["bank"],), waiting.count(b["bank"])) for b in banks])
    held = {(state["key"], state["subject"]) for state in view["states"]}
    add(readings, "openaisle_gateway_condition", [(labels, 1) for labels in sorted(held)])
    return readings


def read_bus(parts: Sequence[BusPart]) -> Readings:
    """Read the counters of the buses."""
    readings: Readings = {}
    for name in ("exchanges", "answers", "timeouts", "faults", "strays"):
        values = [((part.bus_id,), float(getattr(part.counters, name))) for part in parts]
        add(readings, f"openaisle_gateway_bus_{name}_total", values)
    add(readings, "openaisle_gateway_bus_reopened_total", [((part.bus_id,), part.reopened) for part in parts])
    return readings


def read_counts(counts: dict[tuple[str, str], int]) -> Readings:
    """Read the executor's counters, by their kinds."""
    names = {
        "events": "openaisle_gateway_events_total",
        "effects": "openaisle_gateway_effects_total",
        "answers": "openaisle_gateway_answers_total",
        "commands": "openaisle_gateway_commands_total",
        "store_faults": "openaisle_gateway_store_faults_total",
        "inbox_refused": "openaisle_gateway_inbox_refused_total",
    }
    readings: Readings = {name: [] for name in names.values()}
    for (kind, label), count in sorted(counts.items()):
        if kind in names:
            readings[names[kind]].append(((label,), count))
    return readings
