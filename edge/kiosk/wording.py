"""A language with its catalogue and the room's clock: how a page says things."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge.core.messages import Language, render_message
from edge.core.shown import MessageView


@dataclass(frozen=True)
class Wording:
    """Says messages of the core and sentences of the page."""

    language: Language
    catalogue: gettext.GNUTranslations
    zone: ZoneInfo

    def say(self, message: MessageView) -> str:
        """Word a message of the core."""
        return render_message(message["key"], message["params"], self.language)

    def __call__(self, sentence: str, **params: object) -> str:
        """Word a sentence of the page."""
        return self.catalogue.gettext(sentence).format_map(params)

    def clock(self, instant: str) -> str:
        """Show an instant as hours and minutes of the room."""
        return self._local(instant).strftime("%H:%M")

    def day(self, instant: str) -> str:
        """Show the day of an instant in the room."""
        return self._local(instant).date().isoformat()

    def clock_after(self, instant: str, after_ms: int) -> str:
        """Show the moment so long after an instant, to the second."""
        then = self._local(instant) + timedelta(milliseconds=after_ms + 500)
        return then.strftime("%H:%M:%S")

    def join(self, numbers: Sequence[int]) -> str:
        """List aisle numbers."""
        return self.join_words([str(number) for number in numbers])

    def join_words(self, names: Sequence[str]) -> str:
        """List names."""
        return ("、" if self.language == "zh_CN" else ", ").join(names)

    def _local(self, instant: str) -> datetime:
        return datetime.fromisoformat(instant).astimezone(self.zone)
