"""What a search looks for: text folded the same way when stored and when asked."""

from __future__ import annotations

import unicodedata

SEARCH_TEXT_LENGTH = 600
LONGEST_QUERY = 80
#: Words beyond these don't narrow a search any more.
WORD_LIMIT = 6


def fold_text(text: str) -> str:
    """Return text without differences of case, width and control characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in folded).split())


def fold_box_text(code: str, title: str, customer_no: str, customer_name: str) -> str:
    """Return the text by which a box is found."""
    return fold_text(f"{code} {customer_no} {customer_name} {title}")[:SEARCH_TEXT_LENGTH]


def split_query(text: str) -> tuple[str, ...]:
    """Return the words that must all occur; one Chinese character is a word."""
    return tuple(dict.fromkeys(fold_text(text[:LONGEST_QUERY]).split()))[:WORD_LIMIT]


def make_pattern(word: str) -> str:
    r"""Return the LIKE pattern of a word, with `\` as escape character."""
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
