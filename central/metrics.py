"""Every metric of the centre in one table, and how the computed ones are read at a scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class MetricDef:
    """One metric: its name, what it counts, its labels."""

    name: str
    help: str
    kind: Kind
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS = (
    MetricDef("openaisle_central_requests_total", "HTTP answers by status class", "counter", ("status",)),
    MetricDef(
        "openaisle_central_request_seconds",
        "Time from request to the start of its answer",
        "histogram",
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
    ),
    MetricDef("openaisle_central_refusals_total", "Refused requests by reason", "counter", ("reason",)),
    MetricDef("openaisle_central_failures_total", "Requests that ended in an unexpected error", "counter"),
    MetricDef("openaisle_central_logins_total", "Log-ins by outcome", "counter", ("outcome",)),
    MetricDef(
        "openaisle_central_write_held_seconds",
        "How long one write kept the others waiting; at most 0.05",
        "histogram",
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5),
    ),
    MetricDef("openaisle_central_writers_waiting", "Writes that wait for their turn", "gauge"),
    MetricDef("openaisle_central_gateway_up", "1 while the room's gateway is online", "gauge", ("room",)),
    MetricDef("openaisle_central_gateway_behind", "Facts the gateway has that the centre lacks", "gauge", ("room",)),
    MetricDef(
        "openaisle_central_room_quarantined",
        "Epochs of the room that forked or wait to be admitted",
        "gauge",
        ("room",),
    ),
    MetricDef("openaisle_central_box_conflicts", "Boxes whose last movements contradict", "gauge", ("room",)),
    MetricDef("openaisle_central_backup_age_seconds", "Age of the newest backup that was proven", "gauge"),
    MetricDef("openaisle_central_audit_waiting", "Audit rows that wait for their link in the chain", "gauge"),
    MetricDef("openaisle_central_audit_lag_seconds", "Age of the oldest audit row without its link", "gauge"),
    MetricDef("openaisle_central_audit_seq", "Number of the newest link of the audit chain", "gauge"),
    MetricDef("openaisle_central_audit_failures_total", "Rounds of chaining that failed", "counter"),
    MetricDef("openaisle_central_sweep_lag_seconds", "How long the oldest row has waited to be looked at", "gauge"),
    MetricDef("openaisle_central_sweep_checked_total", "Rows whose clocks a sweep looked at", "counter"),
    MetricDef("openaisle_central_sweep_failures_total", "Rounds of sweeping that failed", "counter"),
    MetricDef("openaisle_central_urges_made_total", "Urges made, one for each occurrence", "counter"),
    MetricDef("openaisle_central_messages_made_total", "Messages made, one for each person", "counter"),
    MetricDef("openaisle_central_deliveries", "Messages on their way out, by state", "gauge", ("state",)),
    MetricDef("openaisle_central_callbacks", "Callbacks to the marketing system, by state", "gauge", ("state",)),
    MetricDef("openaisle_central_calendar_days_left", "Days ahead for which the working calendar is known", "gauge"),
    MetricDef("openaisle_central_contents_bad", "Contents that are not what was stored, by state", "gauge", ("state",)),
    MetricDef("openaisle_central_contents_unread_seconds", "Age of the oldest overdue check of a content", "gauge"),
    MetricDef("openaisle_central_contents_cleared_total", "Contents deleted to which nothing referred", "counter"),
    MetricDef("openaisle_central_scans_waiting", "Unplaced scans", "gauge"),
    MetricDef("openaisle_central_scans_waiting_seconds", "Age of the oldest scan without a place", "gauge"),
    MetricDef("openaisle_central_link_up", "1 while the centre is connected to its broker", "gauge"),
    MetricDef("openaisle_central_link_events_total", "What the link counted, by kind", "counter", ("kind",)),
)

BY_NAME = {metric.name: metric for metric in METRICS}

#: Values of a computed metric: label values, number.
Readings = Iterable[tuple[tuple[str, ...], float]]


class Metrics:
    """The registry of one process: counted metrics by method, computed ones by a reader."""

    def __init__(self) -> None:
        # Twice the series for a time that the scrape knows anyhow.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        """Add one, or as many as happened at once."""
        if name not in self._counters:
            metric = BY_NAME[name]
            self._counters[name] = Counter(metric.name, metric.help, metric.labels, registry=self.registry)
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def observe(self, name: str, value: float) -> None:
        """Add one measurement to a histogram."""
        if name not in self._histograms:
            metric = BY_NAME[name]
            self._histograms[name] = Histogram(metric.name, metric.help, registry=self.registry, buckets=metric.buckets)
        self._histograms[name].observe(value)

    def compute(self, read: Callable[[], dict[str, Readings]]) -> None:
        """Have metrics read at each scrape, by name: never stale, never left over from a dead worker."""
        self.registry.register(_Computed(read))


class _Computed(Collector):
    def __init__(self, read: Callable[[], dict[str, Readings]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Return nothing: reading only to learn the names would ask the database at start."""
        return ()

    def collect(self) -> Iterable[Metric]:
        for name, readings in self._read().items():
            metric = BY_NAME[name]
            family_type = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = family_type(metric.name, metric.help, labels=metric.labels)
            for labels, value in readings:
                family.add_metric(list(labels), value)
            yield family
