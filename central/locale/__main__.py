"""Bring both catalogs up to the sentences in code and templates: `python -m central.locale`. Keeps every translation.

English sentences translate themselves; a new Chinese sentence is left empty, and the test of the catalogs fails until
somebody has written it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
METHODS = [("**.py", "python"), ("web/templates/**.html", "jinja2")]
OPTIONS = {"web/templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}
# A date of the day of the run would change the files without a reason.
EPOCH = datetime(2026, 11, 24, tzinfo=UTC)


def extract_messages() -> Catalog:
    """Return every sentence for people in the code and templates of the centre, with the file that holds it."""
    catalog = Catalog(project="OpenAisle", version="1", creation_date=EPOCH, charset="utf-8")
    found = extract_from_dir(HERE.parent, METHODS, OPTIONS)
    for file, _line, message, _comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        catalog.add(message, locations=[(file, 1)], context=context)
    return catalog


def update_catalog(folder: str, template: Catalog) -> int:
    """Write the catalog of a language anew; return how many sentences still lack a translation."""
    path = HERE / folder / "LC_MESSAGES" / "messages.po"
    catalog = Catalog(locale=folder)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=folder)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = EPOCH
    catalog.project, catalog.version = "OpenAisle", "1"
    catalog.last_translator, catalog.language_team, catalog.copyright_holder = "OpenAisle", "OpenAisle", "OpenAisle"
    catalog.header_comment, catalog.fuzzy = "", False
    missing = 0
    for message in catalog:
        if folder == "en" and message.id:
            message.string = message.id
        if message.id and not message.string:
            missing += 1
    with path.open("wb") as file:
        write_po(file, catalog, include_lineno=False, sort_by_file=True, width=120)
    return missing


def main() -> None:
    """Update both languages and say what is missing."""
    template = extract_messages()
    for folder in ("zh_CN", "en"):
        missing = update_catalog(folder, template)
        print(f"{folder}: {len(template)} sentences, {missing} without translation")  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
