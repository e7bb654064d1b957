"""The reference controller built with the machine's own compiler, as a line of control words and as a pty.

Frames are made here by hand, with a CRC bit by bit: no code of ours stands between the test and the C code.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.conformance.protocol.naive_decoder import crc_bit_by_bit

SOURCE = Path(__file__).parents[3] / "firmware_protocol" / "c"
HOST = ("steel.c", "demo_bank.c", "host.c")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wstrict-prototypes",
          "-Wmissing-prototypes", "-Werror")  # fmt: skip
WATCHED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
UNIT = 17


def compile_c(target: Path, sources: list[Path], *flags: str) -> Path:
    """Compile and link; fail with what the compiler says."""
    run = subprocess.run(
        ["cc", *STRICT, *flags, *map(str, sources), "-lm", "-o", str(target)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return target


@functools.cache
def build(program: str) -> Path:
    """Build `main` or `fuzz` with sanitizers, once per test process."""
    folder = Path(tempfile.mkdtemp(prefix="c-bank-"))
    hosts = [SOURCE / "linux" / name for name in (*HOST, f"{program}.c")]
    return compile_c(folder / program, [*sorted(SOURCE.glob("*.c")), *hosts], *WATCHED)


@functools.cache
def step_crc(register: int) -> int:
    """What eight shifts make of a register: worked out bit by bit, once for each of 256."""
    return crc_bit_by_bit(bytes((register ^ 0xFF,))) ^ 0xFF


def crc_of(octets: bytes) -> int:
    """The check sum of SPEC 2.3: many thousand frames a test would take too long bit by bit."""
    register = 0xFFFF
    for octet in octets:
        register = register >> 8 ^ step_crc((register ^ octet) & 0xFF)
    return register


def seal(hex_request: str) -> bytes:
    """Return the frame with its CRC behind it."""
    octets = bytes.fromhex(hex_request)
    return octets + crc_of(octets).to_bytes(2, "little")


def unseal(frame: bytes) -> str:
    """Return a whole frame without its CRC, in hex."""
    assert crc_of(frame[:-2]).to_bytes(2, "little") == frame[-2:], frame.hex()
    return frame[:-2].hex()


class CLine:
    """The controller with simulated steel under a clock that only `run` turns."""

    def __init__(
        self, *, seed: int = 1, start_ms: int = 0, moving: int = 10, aisle_mm: int = 800, speed: int = 80
    ) -> None:
        numbers = map(str, (seed, start_ms, moving, aisle_mm, speed))
        self._process = subprocess.Popen(
            [build("main"), "lines", *numbers], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, line: str) -> str:
        """Carry out one control line; answer what came back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer.endswith("\n"), f"the controller died of {line!r}"
        return answer.strip()

    def do(self, line: str) -> None:
        """Carry out one control line that must be understood."""
        assert self.say(line) == "ok", line

    def hear(self, octets: bytes, *, silence: bool = True, word: str = "") -> list[bytes]:
        """Put bytes on the line; answer the frames that come back."""
        heard = self.say(f"{word or ('hear' if silence else 'piece')} {octets.hex()}")
        return [bytes.fromhex(frame) for frame in heard.split()]

    def ask(self, hex_request: str, *, word: str = "") -> str:
        """Ask by a frame without CRC; answer the one answer without CRC."""
        answers = self.hear(seal(hex_request), word=word)
        assert len(answers) == 1, answers
        return unseal(answers[0])

    def run(self, ms: int) -> None:
        """Let time pass."""
        self.do(f"run {ms}")

    def read(self, address: int, count: int = 1) -> list[int]:
        """Read registers by function 03."""
        answer = bytes.fromhex(self.ask(f"{UNIT:02x}03{address:04x}{count:04x}"))
        return [int.from_bytes(answer[at : at + 2], "big") for at in range(3, len(answer), 2)]

    def truth(self) -> dict[str, int]:
        """What the steel did, whatever registers say."""
        return {name: int(value) for name, _, value in (word.partition("=") for word in self.say("truth").split())}

    def wake(self) -> None:
        """Wake the bank as a gateway does."""
        assert self.ask(f"{UNIT:02x}1708480002084000050a00000000ffffffff1500")[-4:] == "0000"
        self.run(2000)
        assert self.read(0x0100) == [3]

    def close(self) -> None:
        """End the process; it must have lived well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        assert self._process.wait(10) == 0


class PtyBank:
    """The controller on two ptys in real time: the bus and the service port."""

    def __init__(self, *, unit: int = UNIT, moving: int = 10, aisle_mm: int = 800, speed: int = 80) -> None:
        numbers = map(str, (unit, moving, aisle_mm, speed))
        self._process = subprocess.Popen(
            [build("main"), "pty", *numbers], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.bus_path, self.service_path = self._read(), self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def do(self, line: str) -> None:
        """Carry out one control line that must be understood; `run` jumps the clock ahead."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._read() == "ok", line

    def wake(self) -> None:
        """Wake the bank as somebody at it does."""
        for line in ("button 1 1", "run 10", "button 1 0", "run 2000"):
            self.do(line)

    def close(self) -> None:
        """End the process; it must have lived well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()


def carry(
    line: CLine, token: str, ms: int, *, counter: int, every_ms: int = 200, until: Callable[[], bool] | None = None
) -> int:
    """Keep the lease of this token alive for a while; answer the last counter used."""
    for _ in range(0, ms, every_ms):
        counter += 1
        sequence = line.read(0x010B)[0]
        line.hear(seal(f"{UNIT:02x}1008500004 08{token}{counter & 0xFFFF:04x}{sequence:04x}"))
        line.run(every_ms)
        if until is not None and until():
            break
    return counter
