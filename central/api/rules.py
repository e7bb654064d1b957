"""The rules of time over the API: read with their versions, and set from a day on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints

from central.api.fields import Strict
from central.api.problems import document_problems
from central.api.transactions import CurrentActor, ReadSession, WriteSession
from central.domain.permissions import Action, needs
from central.domain.rules import RulesShape, dump_rules, parse_rules
from central.services.rules import SetRules, set_rules, show_rules

router = APIRouter(prefix="/api/v1/rules", tags=["rules"])

Reasoned = Annotated[
    str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$", strip_whitespace=True)
]


class RuleChangeOut(BaseModel):
    """One rule that a version sets otherwise than the one before it."""

    name: str
    before: Any
    after: Any


class RuleVersionOut(BaseModel):
    """One version: it counts for what begins from its day on."""

    version: int
    effective_from: date
    in_force: bool
    rules: RulesShape
    why: str
    created_at: datetime
    created_by: str
    changes: list[RuleChangeOut]


class RulesOut(BaseModel):
    """The rules for what begins now (version 0: those of every new centre), and all versions, the latest first."""

    version: int
    newest_version: int
    rules: RulesShape
    versions: list[RuleVersionOut]


class RulesIn(Strict):
    """All rules as they shall be; `after_version` is the `newest_version` that the editor saw."""

    rules: RulesShape
    effective_from: date
    why: Reasoned
    after_version: int = Field(ge=0, le=1_000_000)


class VersionOut(BaseModel):
    """The number of the new version."""

    version: int


@router.get("", responses=document_problems(401, 403))
@needs(Action.SEE_RULES)
def get_rules(request: Request, session: ReadSession, actor: CurrentActor) -> RulesOut:
    """Show the rules of time with every version."""
    seen = show_rules(session, actor, request.app.state.read_clock())
    return RulesOut(
        version=seen.version,
        newest_version=seen.newest_version,
        rules=dump_rules(seen.rules),  # type: ignore[arg-type] # read by the shape
        versions=[
            RuleVersionOut(
                version=each.version,
                effective_from=each.effective_from,
                in_force=each.in_force,
                rules=dump_rules(each.rules),  # type: ignore[arg-type] # likewise
                why=each.why,
                created_at=each.created_at,
                created_by=each.created_by,
                changes=[RuleChangeOut(name=one.name, before=one.before, after=one.after) for one in each.changes],
            )
            for each in seen.versions
        ],
    )


@router.post("", status_code=201, responses=document_problems(401, 403, 409, 422))
@needs(Action.EDIT_RULES)
def post_rules(request: Request, session: WriteSession, actor: CurrentActor, body: RulesIn) -> VersionOut:
    """Set the rules for what begins from a day on; the earliest is tomorrow."""
    rules = parse_rules(body.model_dump(mode="json")["rules"])
    command = SetRules(rules, body.effective_from, body.why, body.after_version)
    return VersionOut(version=set_rules(session, actor, command, request.app.state.read_clock()))
