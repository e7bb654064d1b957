"""Labels on their way: queued, confirmed, failed or unknown. Printed again only by a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge.core.answers import Step, give_answer, tell_place
from edge.core.effects import Effect, PrintLabel
from edge.core.events import Now, PrintResumed, PrintSettled, ReprintAsked
from edge.core.facts import record_movement, record_print
from edge.core.messages import describe_place as write_place
from edge.core.rows import BoxRow
from edge.core.state import JobState, PrintJob, State

JOBS_MAX = 100
JOB_STATES: dict[str, JobState] = {"done": "confirmed", "failed": "failed", "unknown": "unknown"}


def word_label(state: State, box: BoxRow, copy_no: int) -> dict[str, Any]:
    """Collect what stands on a label."""
    place = write_place(tell_place(state, box.place), "zh_CN") if box.place is not None else ""
    return {
        "code": box.code,
        "title": box.title,
        "customer_no": box.customer_no or "",
        "customer_name": box.customer_name or "",
        "place_path": place,
        "copy_no": copy_no,
    }


def queue_label(state: State, job: PrintJob) -> Step:
    """Give a new label to the printer; settled jobs make room, open ones never do."""
    kept = state.jobs
    while len(kept) >= JOBS_MAX and any(each.state == "confirmed" for each in kept):
        oldest = next(each for each in kept if each.state == "confirmed")
        kept = tuple(each for each in kept if each is not oldest)
    return replace(state, jobs=(*kept, job)), [PrintLabel(job.id, job.label)]


def is_print_queue_full(state: State) -> bool:
    """Tell whether too many labels are open."""
    return sum(1 for job in state.jobs if job.state != "confirmed") >= JOBS_MAX


def settle_print(state: State, event: PrintSettled, _now: Now) -> Step:
    """Take the printer's word on a label."""
    job = next((job for job in state.jobs if job.id == event.job_id), None)
    if job is None or job.state == "confirmed":
        return state, []
    if state.store != "ok":
        # nothing can be recorded now: a person will look at the label
        return put_job(state, replace(job, state="unknown", detail=event.detail)), []
    settled = replace(job, state=JOB_STATES[event.outcome], detail=event.detail)
    code = str(job.label["code"])
    copy_no = int(job.label.get("copy_no", 0))
    fact = record_print(job.id, code, event.outcome, event.detail, job.command_id)
    fact.body["copy_no"] = copy_no
    effects: list[Effect] = [fact]
    if event.outcome == "done" and job.box_unlabelled:
        fact_id = event.fresh.ids[0] if event.fresh else None
        effects.append(record_movement(fact_id, "labelled", code, None))
        settled = replace(settled, box_unlabelled=False)
    return put_job(state, settled), effects


def put_job(state: State, job: PrintJob) -> State:
    """Replace one job."""
    return replace(state, jobs=tuple(job if each.id == job.id else each for each in state.jobs))


def resume_printing(state: State, event: PrintResumed, now: Now) -> Step:
    """Print what failed, in its order, after a person loaded labels or mended the printer."""
    effects: list[Effect] = []
    for job in state.jobs:
        if job.state == "failed":
            state = put_job(state, replace(job, state="queued", detail=""))
            effects.append(PrintLabel(job.id, job.label))
    state, told = give_answer(state, now, event.point_id, "ok", "print.resumed", count=len(effects))
    return state, effects + told


def reprint_label(state: State, event: ReprintAsked, now: Now) -> Step:
    """Print a label again because a person looked and decided so; the copy carries a number of its own."""
    job = next((job for job in state.jobs if job.id == event.job_id), None)
    if job is None or job.state == "queued":
        return give_answer(state, now, event.point_id, "look", "print.nothing")
    copy_no = int(job.label.get("copy_no", 0)) + 1
    again = replace(job, state="queued", detail="", label={**job.label, "copy_no": copy_no})
    state, told = give_answer(put_job(state, again), now, event.point_id, "ok", "print.resumed", count=1)
    return state, [PrintLabel(again.id, again.label), *told]
