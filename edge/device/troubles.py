"""What a request to the device page can run into; each is answered by a page of its own."""

from __future__ import annotations


class NotFoundError(Exception):
    """There is no such bank, bus or device."""


class BadRequestError(Exception):
    """A field is missing or wrong; the text names it."""
