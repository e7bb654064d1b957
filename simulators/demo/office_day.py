"""Papers, once and then all day: a task is born, its papers are scanned, returned, passed; its gate opens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import structlog

from simulators.clerks import Clerk, OfficeShift
from simulators.demo.office import HANDLERS, seat_clerks
from simulators.demo.stage import Stage
from simulators.demo.stage_files import HOST
from simulators.demo.timeline import Timeline
from simulators.demo.witness import Witness, WitnessError

log = structlog.get_logger(__name__)

#: A newcomer watches: of a task with dozens of papers nothing could be seen.
PAPERS_MOST = 6
#: The simulated marketing system needs some rounds until the first step is done.
TASK_TIMEOUT_S = 60.0
GATE_TIMEOUT_S = 20.0
ROUND_S = 4.0
OPEN_STATES = frozenset({"open", "open_with_debt"})


class OfficeDay:
    """The people of the office on a running stage, with the department's eye on the gates."""

    def __init__(self, stage: Stage, timeline: Timeline) -> None:
        self._timeline = timeline
        self._callbacks = f"http://{HOST}:{stage.ports.callbacks}"
        with ExitStack() as stack:
            self.handlers = self._seat(stack, stage, "handler")
            self.collectors = self._seat(stack, stage, "collector")
            self._department = self._seat(stack, stage, "department")[0]
            user = next(user for user in stage.plan.users if "archivist" in user.roles)
            self.archivist = Clerk(stage.centre_url, user.login, user.name, user.password)
            stack.callback(self.archivist.close)
            self.archivist.log_in()
            self._exit = stack.pop_all()

    def close(self) -> None:
        """Send everybody home."""
        self._exit.close()

    def play(self) -> None:
        """Take one task all its way; WitnessError when anything can't be seen from outside."""
        mark = self._timeline.mark
        self._timeline.head("6. 档案管节点 · the archive governs the step")
        handler, collector, task = Witness.await_sight("a task with a closed gate", self._find_task, TASK_TIMEOUT_S)
        case_no, step = task["case_no"], task["step"]
        mark("营销系统报告环节完成,任务已生成 · a step ended, its task was born", f"{case_no} {task['step_name']}")
        mark("节点卡控未放行 · the gate is closed", f"缺 {len(self._ask_gate(task)['missing'])} 份 papers missing")
        scanned = handler.clear_task(task["id"], pale=True)
        mark(f"{handler.name} 扫描、自查、发送 · scanned, checked, sent", f"{scanned} 份 papers")
        first, *others = self._list_reviews(collector, case_no)
        collector.return_paper(first["id"])
        for paper in others:
            collector.pass_paper(paper["id"])
        self._expect(task, {"closed"})
        mark(f"{collector.name} 退回一份,其余通过 · one goes back", f"《{first['name']}》缺印章 no seal")
        handler.clear_task(task["id"])
        mark(f"{handler.name} 重新扫描并发送 · scanned again")
        for paper in self._list_reviews(collector, case_no):
            collector.pass_paper(paper["id"])
        mark(f"{collector.name} 审核通过 · passed")
        accepted = [each for each in self.archivist.list_acceptances() if each["case_no"] == case_no]
        for paper in accepted:
            self.archivist.accept_paper(paper["id"])
        mark(f"{self.archivist.name} 核对原件并接收 · the paper itself accepted", f"{len(accepted)} 份 papers")
        self._expect(task, OPEN_STATES)
        mark("节点卡控已放行 · the gate is open")
        self._follow_marketing(case_no, step)

    def work(self, ended: threading.Event, say: Callable[[str], object]) -> None:
        """Go on all day, until it is ended; some cases are left lying."""
        shift = OfficeShift(self.handlers, self.collectors, [self.archivist])
        while not ended.wait(ROUND_S):
            try:
                shift.work_round(lambda words: say(f"  {words}"))
            except httpx.HTTPError as error:
                log.warning("office_round_failed", error=str(error))

    def _follow_marketing(self, case_no: str, step: str) -> None:
        def look() -> dict[str, Any]:
            told: dict[str, Any] = httpx.get(f"{self._callbacks}/cases/{case_no}", trust_env=False).json()
            return told

        Witness.await_sight("the callback", lambda: look()["gates"].get(step) in OPEN_STATES, GATE_TIMEOUT_S)
        self._timeline.mark("营销系统收到签名回调 · the signed callback was heard")
        now = Witness.await_sight("the next step", lambda: self._find_next(look(), step), GATE_TIMEOUT_S)
        self._timeline.mark("营销系统进入下一环节 · the case went on", f"{step} → {now}")

    @staticmethod
    def _find_next(told: dict[str, Any], step: str) -> str | None:
        if told["stage"] == "closed":
            return "办结 closed"
        return told["step"] if told["step"] != step else None

    def _find_task(self) -> tuple[Clerk, Clerk, dict[str, Any]] | None:
        for handler, collector in zip(self.handlers, self.collectors, strict=True):
            for task in handler.list_tasks():
                if 1 < task["papers"] <= PAPERS_MOST and self._ask_gate(task)["state"] == "closed":
                    return handler, collector, task
        return None

    def _ask_gate(self, task: dict[str, Any]) -> dict[str, Any]:
        return self._department.ask_gate(task["case_no"], task["step"])

    def _expect(self, task: dict[str, Any], states: frozenset[str] | set[str]) -> None:
        told = self._ask_gate(task)
        if told["state"] not in states:
            raise WitnessError(f"the gate {task['case_no']}/{task['step']} is {told}")

    @staticmethod
    def _list_reviews(collector: Clerk, case_no: str) -> list[dict[str, Any]]:
        return [each for each in collector.list_reviews() if each["case_no"] == case_no]

    @staticmethod
    def _seat(stack: ExitStack, stage: Stage, role: str) -> list[Clerk]:
        """Log in the people of a role, those of the handlers' teams in the handlers' order."""
        units = [team for _, team in HANDLERS] if role in {"handler", "collector"} else [""]
        clerks = [clerk for unit in units for clerk in seat_clerks(stage.centre_url, role, unit)]
        for clerk in clerks:
            stack.callback(clerk.close)
        return clerks
