"""Sessions for endpoints: reads that end with the request, writes that commit before the answer leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from central.domain.people import Actor


async def read_session(request: Request) -> AsyncIterator[Session]:
    """Yield a session whose work is never committed."""
    async with request.app.state.tx.read_async() as session:
        yield session


async def write_session(request: Request) -> AsyncIterator[Session]:
    """Yield a session that is committed when the endpoint returns, before its answer is sent."""
    async with request.app.state.tx.write_async() as session:
        yield session


def current_actor(request: Request) -> Actor:
    """Return who the guard let in."""
    actor: Actor = request.state.actor
    return actor


# Scope "function": with the default one the answer leaves before the commit, and says 200 even when that fails.
ReadSession = Annotated[Session, Depends(read_session, scope="function")]
WriteSession = Annotated[Session, Depends(write_session, scope="function")]
CurrentActor = Annotated[Actor, Depends(current_actor)]
