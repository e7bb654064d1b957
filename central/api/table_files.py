"""A list as CSV for other programs: codes as the API names them, sent as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from central.domain.spreadsheets import write_csv_line

#: Lines that leave at once.
LINES = 200


def answer_csv(
    request: Request, name: str, fields: Sequence[str], read_rows: Callable[[Session], Iterable[Sequence[str]]]
) -> StreamingResponse:
    """Answer with fields and rows (UTF-8 with byte order mark; no formula), read in a session of their own.

    Whoever calls has noted in the audit log that the list leaves; that is committed before the first line goes.
    """

    def write_lines() -> Iterator[str]:
        with request.app.state.tx.read() as session:
            waiting = ["\ufeff" + write_csv_line(fields)]
            for row in read_rows(session):
                waiting.append(write_csv_line(row))
                if len(waiting) == LINES:
                    yield "".join(waiting)
                    waiting = []
            yield "".join(waiting)

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(write_lines(), media_type="text/csv; charset=utf-8", headers=headers)
