"""Settings as rows of a table: dotted name, default as written in TOML, limits; read from the settings classes."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import annotated_types
from pydantic import BaseModel
from pydantic_core import PydanticUndefined


@dataclass(frozen=True)
class SettingRow:
    """One line of docs/configuration.md."""

    name: str
    default: str
    limits: str

    def start(self) -> str:
        """What the line in the document must begin with; the meaning follows, in words."""
        return f"| `{self.name}` | {self.default} | {self.limits} |"


def inner_models(annotation: Any) -> list[type[BaseModel]]:
    """Settings classes inside an annotation such as `tuple[BankSettings, ...]` or `X | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in inner_models(part)]


def default_text(default: Any, required: bool) -> str:
    """A default as it would stand in the file; a dash where the file must say."""
    if required or default is PydanticUndefined:
        return "–"
    if default is None or default == ():
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


def limits_text(annotation: Any, metadata: list[Any]) -> str:
    """Bounds or the list of choices, as a reader wants them."""
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(str(choice) for choice in typing.get_args(annotation))
    if isinstance(annotation, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return limits_text(parts[0], metadata) if len(parts) == 1 else ""
    low = next((item.ge for item in metadata if isinstance(item, annotated_types.Ge)), None)
    high = next((item.le for item in metadata if isinstance(item, annotated_types.Le)), None)
    if low is None and high is None:
        return ""
    return f"{low if low is not None else '…'} to {high if high is not None else '…'}"


def list_settings(model: type[BaseModel], prefix: str = "") -> Iterator[SettingRow]:
    """Every key of a settings class and of the tables inside it, in the order of the file."""
    for name, field in model.model_fields.items():
        inner = inner_models(field.annotation)
        if inner:
            for each in inner:
                yield from list_settings(each, f"{prefix}{name}.")
        else:
            default = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
            yield SettingRow(
                f"{prefix}{name}",
                default_text(default, field.is_required()),
                limits_text(field.annotation, field.metadata),
            )
