"""What the kinds of business and the steps of cases are called, by the template that each case keeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.store.cases import CaseRow
from central.store.templates import TemplateRow


@dataclass(frozen=True, slots=True)
class CaseNames:
    """Names of one template, Chinese and English; a step that the template doesn't know keeps its code."""

    business: tuple[str, str]
    steps: dict[str, tuple[str, str]]

    def name_step(self, code: str, *, chinese: bool) -> str:
        """Return what a step is called."""
        return self.steps.get(code, (code, code))[0 if chinese else 1]

    def name_business(self, *, chinese: bool) -> str:
        """Return what the kind of business is called."""
        return self.business[0 if chinese else 1]


def load_case_names(session: Session, case_ids: Iterable[str | None]) -> dict[str, CaseNames]:
    """Return the names by case id; a case without a template is left out. Each template is read once."""
    ids = sorted({case_id for case_id in case_ids if case_id is not None})
    kept = session.execute(select(CaseRow.id, CaseRow.template_id).where(CaseRow.id.in_(ids))).all()
    rows = session.scalars(
        select(TemplateRow).where(TemplateRow.id.in_({each for _, each in kept if each is not None}))
    )
    names = {
        row.id: CaseNames(
            (row.name, row.name_en), {step.code: (step.name, step.name_en) for step in row.to_template().steps}
        )
        for row in rows
    }
    return {case_id: names[template_id] for case_id, template_id in kept if template_id in names}
