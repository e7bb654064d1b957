"""Runs every named peer again and compares its bytes with the vectors; also the way to add vectors (`--write`).

`python tests/conformance/protocol/recreate_vectors.py`: exit 1 on a difference, or when fewer than half of all
vectors come from peers. Old vectors are never rewritten: `--write` only adds ids that are missing.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import pty
import subprocess
import sys
import threading
import tty
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
VECTORS = HERE.parents[2] / "firmware_protocol" / "vectors"


def _load_recipes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vector_recipes", HERE / "vector_recipes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


recipes = _load_recipes()


def record_mbpoll(arguments: list[str]) -> bytes:
    """Run mbpoll against a pty and return what it put on the wire; nobody answers it."""
    master, slave = pty.openpty()
    tty.setraw(master)
    device = os.ttyname(slave)
    place = arguments.index("DEVICE") if "DEVICE" in arguments else len(arguments)
    values = arguments[place + 1 :]
    command = ["mbpoll", "-m", "rtu", "-b", "19200", "-P", "none", "-s", "2", "-0", "-1", "-o", "0.05"]
    heard = bytearray()

    def listen() -> None:
        while True:
            try:
                octets = os.read(master, 512)
            except OSError:
                return
            if not octets:
                return
            heard.extend(octets)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        subprocess.run(
            [*command, *arguments[:place], device, *values], check=False, capture_output=True, timeout=20
        )  # fmt: skip
    finally:
        os.close(slave)  # the last holder: the listener reads an end
        listener.join(timeout=5)
        os.close(master)
    return bytes(heard)


def make_bytes(recipe: Any) -> bytes:
    """Let the peer make the bytes of a recipe, damage them if the recipe says so, and check that the peer agrees."""
    if recipe.peer == "mbpoll":
        octets = record_mbpoll(list(recipe.make))
    else:
        octets = recipes.build_by_pymodbus(copy.deepcopy(recipe.make))  # its encoders count up their own fields
    if recipe.spoil is None:
        return octets
    spoiled: bytes = recipe.spoil(octets)
    for asked in (True, False):
        if recipes.is_frame_to_pymodbus(spoiled, asked):
            raise SystemExit(f"{recipe.id}: pymodbus still takes this for a whole frame")
    return spoiled


def read_vectors() -> list[dict[str, Any]]:
    """Return all vectors of all files."""
    return [vector for file in sorted(VECTORS.glob("*.json")) for vector in json.loads(file.read_text("utf-8"))]


def describe_recipe(recipe: Any) -> dict[str, Any]:
    """Make the vector of a recipe by running its peer."""
    return {
        "id": recipe.id,
        "clause": recipe.clause,
        "origin": recipe.peer,
        "hex": make_bytes(recipe).hex(),
        "value": recipe.value,
    }


def write_file(name: str, vectors: list[dict[str, Any]]) -> None:
    """Add the vectors whose ids are new to a file; one vector a line."""
    path = VECTORS / name
    old = json.loads(path.read_text("utf-8")) if path.exists() else []
    known = {vector["id"] for vector in old}
    lines = [json.dumps(vector, ensure_ascii=False) for vector in [*old, *(v for v in vectors if v["id"] not in known)]]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


def compare() -> list[str]:
    """Return one line for each difference between the files and the peers."""
    made = {recipe.id: describe_recipe(recipe) for recipe in (*recipes.PYMODBUS, *recipes.MBPOLL)}
    vectors = read_vectors()
    faults = []
    for vector in vectors:
        if vector["origin"] == "hand":
            continue
        again = made.pop(vector["id"], None)
        if again != vector:
            faults.append(f"{vector['id']}: the file says {vector}, the peer {again}")
    faults += [f"{left}: made by a peer, missing in the files" for left in made]
    by_peers = sum(vector["origin"] != "hand" for vector in vectors)
    if by_peers * 2 < len(vectors):
        faults.append(f"only {by_peers} of {len(vectors)} vectors come from peers")
    return faults


def main() -> int:
    """Compare, or add new vectors first."""
    if "--write" in sys.argv[1:]:
        write_file("pymodbus.json", [describe_recipe(recipe) for recipe in recipes.PYMODBUS])
        write_file("mbpoll.json", [describe_recipe(recipe) for recipe in recipes.MBPOLL])
    faults = compare()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    vectors = read_vectors()
    peers = sum(vector["origin"] != "hand" for vector in vectors)
    rejects = sum("reject" in vector["value"] for vector in vectors)
    sys.stdout.write(f"{len(vectors)} vectors, {peers} by peers, {rejects} rejects, {len(faults)} differences\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
