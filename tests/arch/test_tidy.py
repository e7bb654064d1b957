"""The house rules about size, words and calls that no linter of others knows."""

from __future__ import annotations

import ast
import re

import pytest

from tests.arch.source_tree import Source, sources, text_files

FILE_LINES_MOST = 500
FILE_LINES_P95 = 400
FUNCTION_LINES_MOST = 70
FUNCTION_LINES_P95 = 45

# Files that are one declarative table; everything else has a missing noun when it grows.
TABLES: dict[str, str] = {}

# Words are written apart here, so that this file doesn't find itself.
FORBIDDEN_TEXT = {
    "a machine path": re.compile(r"(?<![\w.])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/[\w.]"),
    "a registry or mirror host": re.compile(r"py" + r"pi\.org|python" + r"hosted|deb\.debian\.|npm" + r"js\.|tuna\.ts"),
    "a page that loads from afar": re.compile(
        r"(?:src|href)=[\"']https?://|@import\s+url\(https?:|jsde" + r"livr|unp" + r"kg"
    ),
    "an unfinished note": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"),
    "an issue number": re.compile(r"\b(?:issue|pull request|PR|GH)[ -]#?\d+\b|\(#\d+\)", re.IGNORECASE),
    "a stub": re.compile(r"NotImplemented" + r"Error"),
}
STORE_ROOM_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}

# Where a broad net is right: supervisor, loop, worker and HTTP boundary, each with a metric or a log of its own.
BROAD_CATCH: dict[str, str] = {}

WAITING_CALLS = {("time", "sleep")}
SKIPPING_CALLS = {("pytest", "skip"), ("pytest", "importorskip"), ("pytest", "xfail")}
SKIPPING_MARKS = {"skip", "skipif", "xfail"}


def functions(source: Source) -> list[tuple[str, int]]:
    """Name and number of lines of each function, its decorators not counted."""
    return [
        (f"{source.path}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def attribute_calls(source: Source) -> list[tuple[int, str, str]]:
    """Line, owner and name of each `owner.name` in the file."""
    return [
        (node.lineno, node.value.id, node.attr)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]


def p95(numbers: list[int]) -> int:
    return sorted(numbers)[int(len(numbers) * 0.95)]


def test_no_file_is_too_long() -> None:
    files = [(source.path, source.text.count("\n")) for source in sources() + sources("tests")]
    files += [(path, text.count("\n")) for path, text in text_files() if path.endswith((".js", ".css", ".html", ".sh"))]
    long = [f"{path}: {lines} lines" for path, lines in files if lines > FILE_LINES_MOST and path not in TABLES]
    assert not long, "\n".join(long)


def test_files_are_short_as_a_rule() -> None:
    assert p95([source.text.count("\n") for source in sources() if source.path not in TABLES]) <= FILE_LINES_P95


def test_no_function_is_too_long() -> None:
    every = [function for source in sources() + sources("tests") for function in functions(source)]
    long = [f"{name}: {lines} lines" for name, lines in every if lines > FUNCTION_LINES_MOST]
    assert not long, "\n".join(long)


def test_functions_are_short_as_a_rule() -> None:
    every = [lines for source in sources() for _, lines in functions(source)]
    assert p95(every) <= FUNCTION_LINES_P95


@pytest.mark.parametrize("what", FORBIDDEN_TEXT)
def test_forbidden_text(what: str) -> None:
    pattern = FORBIDDEN_TEXT[what]
    found = []
    for path, text in text_files():
        found += [
            f"{path}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert not found, f"{what}:\n" + "\n".join(found)


def test_a_module_is_a_noun_of_ours() -> None:
    vague = [s.path for s in sources() + sources("tests") if s.module.rpartition(".")[2] in STORE_ROOM_NAMES]
    assert not vague


def test_every_file_says_what_it_owns() -> None:
    silent = [s.path for s in sources() if s.text.strip() and not ast.get_docstring(s.tree)]
    assert not silent


def test_every_file_postpones_annotations() -> None:
    line = "from __future__ import annotations"
    bare = [s.path for s in sources() + sources("tests") if s.tree.body[1:] and line not in s.text]
    assert not bare


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether the handler swallows everything; one that cleans up and raises again is no net."""
    names = (
        {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else {"Exception"}
    )
    raises_again = any(isinstance(node, ast.Raise) and node.exc is None for node in handler.body)
    return bool(names & {"Exception", "BaseException"}) and not raises_again


def test_broad_catches_stand_at_boundaries_only() -> None:
    found = [
        f"{source.path}:{node.lineno}"
        for source in sources()
        if source.path not in BROAD_CATCH
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]
    assert not found, "a broad except outside supervisor, loop, worker and HTTP boundary:\n" + "\n".join(found)


def test_tests_neither_sleep_nor_skip_nor_mock() -> None:
    found = []
    for source in sources("tests"):
        calls = attribute_calls(source)
        found += [f"{source.path}:{line} {a}.{b}" for line, a, b in calls if (a, b) in WAITING_CALLS | SKIPPING_CALLS]
        found += [f"{source.path}:{line} mark {b}" for line, a, b in calls if a == "mark" and b in SKIPPING_MARKS]
        found += [
            f"{source.path}:{node.lineno} mark {node.attr}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute)
            and node.attr in SKIPPING_MARKS
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "mark"
        ]
        found += [
            f"{source.path} imports a mock"
            for word in ("unittest.mock", "pytest_mock")
            if word in source.text and "test_tidy" not in source.path
        ]
    assert not found, "\n".join(found)
