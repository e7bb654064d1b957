"""Words for what dossiers, contracts and files of customers hold as codes. Tables only."""

from __future__ import annotations

from central.domain.wording import N_
from central.web.words import Word

DOSSIER_STATES = {
    "open": Word("normal", "list", N_("kept")),
    "merged": Word("offline", "move", N_("merged into another")),
}

#: By the narrowest span of days in which a contract ends.
CONTRACT_SPANS = {
    90: Word("normal", "clock", N_("within 90 days")),
    60: Word("warning", "clock", N_("within 60 days")),
    30: Word("stop", "clock", N_("within 30 days")),
    0: Word("stop", "attention", N_("has run out")),
}

DOCUMENT_MEDIA = {
    "paper": N_("paper"),
    "born_digital": N_("digital from the start"),
    "e_licence": N_("electronic licence"),
}

MERGE_OBSTACLES = {
    "same": N_("Both numbers belong to the same dossier."),
    "merged": N_("One of the two dossiers is merged into another already."),
    "undone": N_("This merging was taken back before."),
    "merged_on": N_("The dossier was merged further since. Take that merging back first."),
}

IMPORT_STATES = {
    "receiving": Word("moving", "in", N_("coming in")),
    "staging": Word("moving", "in", N_("being read")),
    "checked": Word("warning", "list", N_("read and checked, not applied")),
    "dropping": Word("moving", "no", N_("being dropped")),
    "canceled": Word("offline", "no", N_("dropped")),
    "refused": Word("stop", "no", N_("can't be read")),
    "applying": Word("moving", "in", N_("being applied")),
    "applied": Word("normal", "done", N_("applied")),
    "reversing": Word("moving", "undo", N_("being taken back")),
    "reversed": Word("offline", "undo", N_("taken back")),
}

IMPORT_FIELDS = {
    "customer_no": N_("customer number"),
    "name": N_("customer name"),
    "address": N_("address"),
    "meter_no": N_("meter number"),
    "id_number": N_("ID number"),
    "team": N_("team"),
    "handler": N_("handler"),
    "row": N_("row"),
}

#: (field, fact) fill the sentence.
IMPORT_FAULTS = {
    "missing": N_("%(field)s is missing"),
    "too_long": N_("%(field)s is longer than %(fact)s characters"),
    "formula": N_("%(field)s begins like a formula"),
    "control": N_("%(field)s holds characters that can't be printed"),
    "bad_number": N_("%(field)s may hold letters, digits, - and _ only"),
    "twice": N_("%(field)s stands in row %(fact)s already"),
    "unknown_team": N_("there is no team named %(fact)s"),
    "unknown_handler": N_("there is no person with the log-in name %(fact)s"),
    "merged": N_("the customer's number is merged into another one"),
    "cells": N_("the row has more cells than the headings"),
}

#: Why a whole file is refused.
TABLE_FAULTS = {
    "empty": N_("The file is empty."),
    "type": N_("The file is neither CSV nor XLSX."),
    "encoding": N_("The text is neither UTF-8 nor GB18030."),
    "headings": N_("The first row must have the headings customer number and name."),
    "heading_twice": N_("A heading stands twice."),
    "rows": N_("The file has more than 200,000 rows."),
    "columns": N_("The file has more than 60 columns."),
    "cell": N_("A cell is longer than 2,000 characters."),
    "broken": N_("The file is damaged and can't be read."),
    "too_much": N_("Reading the file takes more memory or time than any table of customers does."),
}
