"""The picture of a page for a browser: who looks at it laid over, the view written down before it leaves."""

from __future__ import annotations

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import Response

from central.domain.masking import word_watermark
from central.domain.refusals import Reason, Refusal
from central.services.page_views import note_page_view
from central.store.captures import PagePicture
from central.store.watermarks import draw_watermark
from central.web.render import PAGE_HEADERS, ZONE, actor_of


async def answer_picture(request: Request, page: PagePicture, subject_kind: str, subject_id: str) -> Response:
    """Answer with the picture of a page that the reader may see."""
    actor, state = actor_of(request), request.app.state
    now = state.read_clock()
    words = word_watermark(actor, now, ZONE)

    def draw() -> bytes:
        try:
            picture = state.contents.find_path(page.sha256).read_bytes()
        except OSError as error:
            raise Refusal(Reason.CONTENT_WRONG) from error
        return draw_watermark(picture, words, state.settings.contents.watermark_font)

    drawn = await run_sync(draw)
    async with state.tx.write_async() as session:
        await run_sync(
            lambda: note_page_view(
                session,
                actor,
                subject_kind=subject_kind,
                subject_id=subject_id,
                subject_name=page.document_name,
                page_no=page.number,
                now=now,
            )
        )
    return Response(drawn, media_type="image/jpeg", headers=PAGE_HEADERS)
