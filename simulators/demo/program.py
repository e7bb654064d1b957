"""One real process of the demo: started, stopped, killed, started again; its output goes to a file."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


class Program:
    """A command that can be run many times over; never fails because its process has died."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How the last run ended; None while it lives or was never begun."""
        return self.process.poll() if self.process else None

    def start(self, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Run the command, behind another one if asked (a tracer, say); its output is added to the log."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        with self.log.open("ab") as log:
            # a session of its own: Ctrl-C reaches us alone, and we end our children in their order
            self.process = subprocess.Popen(
                [*prefix, *self.command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        return self.process

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask it to end; kill it when it doesn't within the time."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def tail(self, lines: int = 15) -> str:
        """Return the end of its log."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
