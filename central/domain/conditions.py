"""Conditions on a case's attributes, as data: when a document is owed, a step is taken, a limit holds.

    {"attribute": "voltage_kv", "at_least": 110}
    {"all": [{"attribute": "dual_source", "is": true}, {"not": {"attribute": "customer_kind", "in": ["resident"]}}]}

An attribute that a case doesn't have makes its comparison false; so `not` of it is true.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

Condition = Mapping[str, Any]
Attributes = Mapping[str, Any]

DEPTH_MAX = 6
PARTS_MAX = 20
TEXT_MAX = 100
COMPARISONS = ("is", "in", "at_least", "at_most", "present")


def holds(condition: Condition | None, attributes: Attributes) -> bool:
    """Return whether a checked condition holds for these attributes; no condition always does."""
    if condition is None:
        return True
    if "all" in condition:
        return all(holds(part, attributes) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, attributes) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], attributes)
    return _compare(condition, attributes.get(condition["attribute"]))


def find_faults(condition: Any, where: str = "condition", depth: int = 0) -> Iterator[str]:
    """Yield what is wrong with a condition that came from outside, each fault with its place."""
    if not isinstance(condition, Mapping):
        yield f"{where}: not an object"
        return
    if depth > DEPTH_MAX:
        yield f"{where}: nested more than {DEPTH_MAX} deep"
        return
    keys = set(condition)
    for word in ("all", "any"):
        if word in keys:
            yield from _find_list_faults(condition, word, where, depth)
            return
    if "not" in keys:
        if keys != {"not"}:
            yield f"{where}: nothing may stand beside not"
        yield from find_faults(condition["not"], f"{where}.not", depth + 1)
        return
    yield from _find_comparison_faults(condition, where)


def list_attributes(condition: Condition | None) -> frozenset[str]:
    """Return the names of the attributes that a checked condition asks for."""
    if condition is None:
        return frozenset()
    parts = [*condition.get("all", ()), *condition.get("any", ())]
    if "not" in condition:
        parts.append(condition["not"])
    named = {condition["attribute"]} if "attribute" in condition else set()
    return frozenset(named).union(*(list_attributes(part) for part in parts))


def _compare(condition: Condition, value: Any) -> bool:
    if "present" in condition:
        return (value is not None) is condition["present"]
    if value is None:
        return False
    if "is" in condition:
        return _equal(value, condition["is"])
    if "in" in condition:
        return any(_equal(value, each) for each in condition["in"])
    if "at_least" in condition:
        return _is_number(value) and bool(value >= condition["at_least"])
    return _is_number(value) and bool(value <= condition["at_most"])


def _find_list_faults(condition: Condition, word: str, where: str, depth: int) -> Iterator[str]:
    parts = condition[word]
    if set(condition) != {word}:
        yield f"{where}: nothing may stand beside {word}"
    if not isinstance(parts, list) or not 1 <= len(parts) <= PARTS_MAX:
        yield f"{where}.{word}: not a list of 1 to {PARTS_MAX} conditions"
        return
    for number, part in enumerate(parts):
        yield from find_faults(part, f"{where}.{word}[{number}]", depth + 1)


def _find_comparison_faults(condition: Condition, where: str) -> Iterator[str]:
    name = condition.get("attribute")
    if not isinstance(name, str) or not 1 <= len(name) <= TEXT_MAX or not name.isprintable():
        yield f"{where}: no attribute named"
    found = [word for word in COMPARISONS if word in condition]
    if len(found) != 1 or set(condition) != {"attribute", *found}:
        yield f"{where}: exactly one of {', '.join(COMPARISONS)} and nothing else"
        return
    word, value = found[0], condition[found[0]]
    fits = {
        "present": isinstance(value, bool),
        "is": _is_plain(value),
        "in": isinstance(value, list) and 1 <= len(value) <= PARTS_MAX and all(_is_plain(each) for each in value),
        "at_least": _is_number(value),
        "at_most": _is_number(value),
    }
    if not fits[word]:
        yield f"{where}.{word}: a value of another kind"


def _equal(left: Any, right: Any) -> bool:
    # True == 1 in Python, but not in anybody's form.
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    return _is_number(value) or isinstance(value, bool) or _is_text(value)


def _is_text(value: Any) -> bool:
    # What both databases keep: no NUL, no halves of a character.
    return isinstance(value, str) and len(value) <= TEXT_MAX and value.isprintable()
