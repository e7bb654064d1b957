"""Heavy work of camera and printer in a process of its own, so that a shelf controller beside them is never late.

A child is asked over its standard input and answers on its standard output; it ends when its parent does.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from struct import pack, unpack
from typing import IO, Any

from simulators.photograph import Conditions, Picture, encode_jpeg, photograph, show_desk

NICENESS = 5


class DarkroomError(Exception):
    """The work could not be done; the text says why."""


class Darkroom:
    """One child that renders labels and develops photographs; asked by one caller at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Let the child come early, so that the first picture needn't wait for it."""
        with self._lock:
            self._call_child()

    def render(self, zpl: bytes, size_dots: tuple[int, int]) -> list[bytes]:
        """Return the labels of a ZPL format as PNG; DarkroomError when it is none."""
        labels: list[bytes] = self._ask("render", (zpl, size_dots))
        return labels

    def develop(self, label: Picture | None, seed: int, conditions: Conditions) -> bytes:
        """Return a frame as JPEG, with this label on the desk or with nothing."""
        frame: bytes = self._ask("develop", (label, seed, conditions))
        return frame

    def close(self) -> None:
        """Send the child home."""
        with self._lock:
            if self._child is not None:
                self._child.kill()
                self._child.communicate()
                self._child = None

    def _ask(self, what: str, about: tuple[Any, ...]) -> Any:
        with self._lock:
            child = self._call_child()
            assert child.stdin is not None
            assert child.stdout is not None
            try:
                _send(child.stdin, (what, about))
                done, told = _receive(child.stdout)
            except (OSError, EOFError) as error:
                raise DarkroomError("the darkroom's child has died") from error
        if not done:
            raise DarkroomError(told)
        return told

    def _call_child(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-m", "simulators.darkroom"]
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._child


def _send(pipe: IO[bytes], value: object) -> None:
    octets = pickle.dumps(value)
    pipe.write(pack(">I", len(octets)) + octets)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    head = pipe.read(4)
    if len(head) < 4:
        raise EOFError
    return pickle.loads(pipe.read(unpack(">I", head)[0]))  # noqa: S301 - from our own child or parent


def _render(zpl: bytes, size_dots: tuple[int, int]) -> list[bytes]:
    import zplkit

    options = zplkit.Options(profile="zd621", width=size_dots[0], height=size_dots[1])
    return [scene.png() for scene in zplkit.render(zpl, options).labels]


def _develop(label: Picture | None, seed: int, conditions: Conditions) -> bytes:
    picture = show_desk(seed) if label is None else photograph(label, seed, conditions)
    return encode_jpeg(picture, conditions.jpeg_quality)


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    """Do what is asked until the parent is gone."""
    from zplkit.rendering import RenderError

    acts: dict[str, Callable[..., object]] = {"render": _render, "develop": _develop}
    while True:
        try:
            what, about = _receive(asked)
        except EOFError:
            return
        try:
            answer = (True, acts[what](*about))
        except (RenderError, ValueError) as error:
            answer = (False, str(error)[:200])
        _send(told, answer)


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
