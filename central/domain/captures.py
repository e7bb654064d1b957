"""What a file must be to become pages, and what the checks at capture find on one. Measuring is done elsewhere.

A finding never refuses a page: it holds up the handler's own check until a person has looked and says why it may stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Bytes by which a file is known; its name and what the sender says of it count for nothing.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
MAGIC_LENGTH = max(len(magic) for magic, _ in _MAGIC)
MEDIA_TYPES = frozenset(media_type for _, media_type in _MAGIC)

#: A cover sheet's code is this and the id of the document that follows it.
COVER_PREFIX = "OAD1:"

#: Short side of A4, on which a picture without a known size is taken to lie.
A4_SHORT_IN = 8.27
#: Below it small print of forms and stamps can't be read (domain words: P2).
RESOLUTION_LEAST_DPI = 150
SKEW_MOST_TENTHS = 20
#: Variance of the Laplacian at a width of 1000 pixels; sharp text lies far above, a page out of focus below.
SHARPNESS_LEAST = 60
#: Dark pixels in a thousand; one written line on A4 has more than one.
INK_LEAST_PERMYRIAD = 5
#: Measured: scans of one paper differ in up to 22 of 256 bits, one form filled in twice in more than 60.
ALIKE_MOST_BITS = 24


class Finding(StrEnum):
    """What a check at capture found."""

    EMPTY = "empty"
    RESOLUTION = "resolution"
    SKEW = "skew"
    BLUR = "blur"
    #: Another number of pages than the person counted on the paper.
    PAGE_COUNT = "page_count"
    #: The same bytes came in before.
    DUPLICATE = "duplicate"
    #: Another page of the same case looks the same.
    ALIKE = "alike"


class FileFault(StrEnum):
    """Why a file can't become pages."""

    TYPE = "type"
    BROKEN = "broken"
    LOCKED = "locked"
    PIXELS = "pixels"
    PAGES = "pages"
    #: Reading it took more time or memory than any honest scan does.
    TOO_MUCH = "too_much"


@dataclass(frozen=True, slots=True)
class PageMeasures:
    """What was measured on one page; `dpi` None: drawn, not scanned."""

    width_px: int
    height_px: int
    dpi: int | None
    ink_permyriad: int
    skew_tenths: int
    sharpness: int
    #: What a code of a cover sheet on the page says; empty on every other page.
    code: str = ""
    #: What the page looks like in 256 bits, as hex; empty when nothing is on it.
    likeness: str = ""


@dataclass(frozen=True, slots=True)
class PageFinding:
    """A finding with the figure on which it rests."""

    finding: Finding
    value: int

    def to_body(self) -> dict[str, str | int]:
        """Return it as it is stored."""
        return {"finding": self.finding.value, "value": self.value}


def find_media_type(head: bytes) -> str | None:
    """Return the type of a file by its first bytes, None for what isn't taken."""
    return next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), None)


def find_alike(likeness: str, others: Iterable[str]) -> int | None:
    """Return in how many bits the most similar of other pages differs, None when none is alike."""
    bits = int(likeness, 16) if likeness else None
    if bits is None:
        return None
    least = min(((bits ^ int(each, 16)).bit_count() for each in others), default=ALIKE_MOST_BITS + 1)
    return least if least <= ALIKE_MOST_BITS else None


def estimate_dpi(width_px: int, height_px: int) -> int:
    """Return the resolution of a picture of one A4 page: what cameras write into their files is no measure."""
    return round(min(width_px, height_px) / A4_SHORT_IN)


def check_page(measures: PageMeasures) -> tuple[PageFinding, ...]:
    """Return what is wrong with a page; an empty one has nothing that could be skewed or blurred."""
    found: list[PageFinding] = []
    if measures.dpi is not None and measures.dpi < RESOLUTION_LEAST_DPI:
        found.append(PageFinding(Finding.RESOLUTION, measures.dpi))
    if measures.ink_permyriad < INK_LEAST_PERMYRIAD:
        return (*found, PageFinding(Finding.EMPTY, measures.ink_permyriad))
    if abs(measures.skew_tenths) > SKEW_MOST_TENTHS:
        found.append(PageFinding(Finding.SKEW, measures.skew_tenths))
    if measures.dpi is not None and measures.sharpness < SHARPNESS_LEAST:
        found.append(PageFinding(Finding.BLUR, measures.sharpness))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Pages of one file that belong to one document, from page `first` (counted from 1) to before page `end`."""

    document_id: str
    first: int
    end: int


def write_cover(document_id: str) -> str:
    """Return what the code of a document's cover sheet says."""
    return COVER_PREFIX + document_id


def split_bundles(codes: Sequence[str]) -> tuple[Bundle, ...] | None:
    """Return which pages belong to which document; None when pages come before the first cover sheet.

    A cover sheet is no page of the document. One that is followed by nothing stands for nothing.
    """
    covers = [number for number, code in enumerate(codes, 1) if code.startswith(COVER_PREFIX)]
    if not covers or covers[0] != 1:
        return None
    ends = [*covers[1:], len(codes) + 1]
    bundles = [
        Bundle(codes[cover - 1].removeprefix(COVER_PREFIX), cover + 1, end)
        for cover, end in zip(covers, ends, strict=True)
    ]
    return tuple(bundle for bundle in bundles if bundle.first < bundle.end)
