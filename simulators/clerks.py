"""The people of an office made of software: with log-ins as people have, they scan, send, review and accept papers.

They know nothing but the centre's API. Some cases they leave lying, so that reminders and urging have something to say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from simulators.paper_scans import draw_scan

TIMEOUT_S = 30
UNSCANNED = frozenset({"due", "returned"})
#: What a collector finds missing now and then.
FAULT, FAULT_NOTE = "wrong_seal", "缺少单位印章,请补盖后重新扫描"
WHY_STAYS = "原件如此,已核对"


class Clerk:
    """One person with a log-in; every method is one thing that they do at their desk."""

    def __init__(self, url: str, login: str, name: str, password: str) -> None:
        self.login, self.name = login, name
        self._password = password
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_S, trust_env=False)

    def close(self) -> None:
        """Go home."""
        self._client.close()

    def log_in(self) -> None:
        """Begin a session."""
        self._client.headers.pop("Authorization", None)
        opened = self._call("POST", "/sessions", json={"login": self.login, "password": self._password})
        self._client.headers["Authorization"] = f"Bearer {opened['token']}"

    def change_password(self, new: str) -> None:
        """Take a password of one's own in place of the one that was handed out."""
        told = self._call("PUT", "/sessions/current/password", json={"old": self._password, "new": new})
        self._password = new
        self._client.headers["Authorization"] = f"Bearer {told['token']}"

    # ---- everybody ------------------------------------------------------------------------------

    def count_reminders(self) -> dict[str, int]:
        """Return how much waits for this person, by kind."""
        return {each["kind"]: each["count"] for each in self._call("GET", "/reminders")["lists"]}

    def ask_gate(self, case_no: str, step: str) -> dict[str, Any]:
        """Ask whether a case may leave its step."""
        told: dict[str, Any] = self._call("GET", f"/cases/{case_no}/gates/{step}")
        return told

    # ---- a handler ------------------------------------------------------------------------------

    def list_tasks(self, state: str = "to_add") -> list[dict[str, Any]]:
        """Return the tasks in a state, the most urgent first."""
        tasks: list[dict[str, Any]] = self._call("GET", "/tasks", params={"state": state, "limit": 200})["items"]
        return tasks

    def list_papers(self, task_id: str) -> list[dict[str, Any]]:
        """Return the papers of a task, each with its case and customer."""
        told = self._call("GET", f"/tasks/{task_id}")
        return [each | {key: told["task"][key] for key in ("case_no", "customer")} for each in told["papers"]]

    def scan_paper(self, paper: dict[str, Any], *, pale: bool = False) -> None:
        """Lay the paper on the scanner, look through its page, confirm; a page with findings gets its reason."""
        lines = [f"工单编号  {paper['case_no']}", f"客户名称  {paper['customer']}", f"经办人  {self.name}"]
        lines.append(f"文件编号  {paper['id']}")
        scan = draw_scan(paper["name"], lines, pale=pale)
        path = f"/documents/{paper['id']}"
        params = {"name": f"{paper['name']}.jpg"[:200], "replace": str(paper["state"] == "returned").lower()}
        if self._call("POST", f"{path}/pages", params=params, content=scan)["pages_with_findings"]:
            for page in self._call("GET", path)["pages"]:
                if page["findings"] and not page["overridden_at"]:
                    self._call("POST", f"{path}/pages/{page['id']}/override", json={"note": WHY_STAYS})
        self._call("POST", f"{path}/self-check")

    def clear_task(self, task_id: str, *, pale: bool = False) -> int:
        """Scan every paper that a task still asks for, then send them; return how many were scanned."""
        wanted = [
            each for each in self.list_papers(task_id) if each["state"] in UNSCANNED and each["need"] != "welcome"
        ]
        for number, paper in enumerate(wanted):
            self.scan_paper(paper, pale=pale and number == 0)
        self._call("POST", f"/tasks/{task_id}/sending")
        return len(wanted)

    # ---- a collector and an archivist -----------------------------------------------------------

    def list_reviews(self) -> list[dict[str, Any]]:
        """Return what waits for the review."""
        papers: list[dict[str, Any]] = self._call("GET", "/reviews", params={"limit": 200})["items"]
        return papers

    def pass_paper(self, paper_id: str) -> None:
        """Pass gate 2."""
        self._call("POST", f"/documents/{paper_id}/review")

    def return_paper(self, paper_id: str) -> None:
        """Send it back with a reason."""
        self._call("POST", f"/documents/{paper_id}/review/return", json={"reason": FAULT, "note": FAULT_NOTE})

    def was_returned(self, paper_id: str) -> bool:
        """Tell whether the paper went back once already."""
        return any(each["act"] == "return" for each in self._call("GET", f"/documents/{paper_id}")["acts"])

    def list_acceptances(self) -> list[dict[str, Any]]:
        """Return whose paper waits for the archivist."""
        papers: list[dict[str, Any]] = self._call("GET", "/acceptances", params={"limit": 200})["items"]
        return papers

    def accept_paper(self, paper_id: str) -> None:
        """Pass gate 3: paper and picture agree."""
        self._call("POST", f"/documents/{paper_id}/acceptance")

    def _call(self, method: str, path: str, **more: Any) -> Any:
        answer = self._client.request(method, path, **more)
        if answer.status_code == httpx.codes.UNAUTHORIZED and "Authorization" in self._client.headers:
            # the session ran out overnight
            self.log_in()
            answer = self._client.request(method, path, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Habits:
    """How an office works: what share of cases is left lying, what share of papers goes back once."""

    idle_share: float = 0.25
    return_share: float = 0.12
    accepted_at_once: int = 12


class OfficeShift:
    """Handlers, collectors and archivists at work; one `round` is some seconds of their day."""

    def __init__(
        self,
        handlers: Sequence[Clerk],
        collectors: Sequence[Clerk],
        archivists: Sequence[Clerk],
        habits: Habits | None = None,
        seed: int = 1,
    ) -> None:
        self._handlers, self._collectors, self._archivists = handlers, collectors, archivists
        self._habits = habits or Habits()
        self._seed = seed

    def work_round(self, say: Callable[[str], object]) -> None:
        """Everybody does the next thing on their desk; what was done is said in words."""
        for handler in self._handlers:
            task = next((each for each in handler.list_tasks() if not self._lies_idle(each["case_no"])), None)
            if task is not None:
                count = handler.clear_task(task["id"])
                say(
                    f"{handler.name} 扫描并发送 {count} 份 · scanned and sent  ({task['customer']},{task['step_name']})"
                )
        for collector in self._collectors:
            self._review(collector, say)
        for archivist in self._archivists:
            waiting = archivist.list_acceptances()[: self._habits.accepted_at_once]
            for paper in waiting:
                archivist.accept_paper(paper["id"])
            if waiting:
                say(f"{archivist.name} 接收 {len(waiting)} 份 · accepted")

    def _review(self, collector: Clerk, say: Callable[[str], object]) -> None:
        passed = returned = 0
        for paper in collector.list_reviews():
            if self._draw(paper["id"]) < self._habits.return_share and not collector.was_returned(paper["id"]):
                collector.return_paper(paper["id"])
                returned += 1
            else:
                collector.pass_paper(paper["id"])
                passed += 1
        if passed or returned:
            say(f"{collector.name} 审核通过 {passed} 份,退回 {returned} 份 · passed and returned")

    def _lies_idle(self, case_no: str) -> bool:
        return self._draw(case_no) < self._habits.idle_share

    def _draw(self, name: str) -> float:
        return random.Random(f"{self._seed} {name}").random()  # noqa: S311 - habits are no secret
