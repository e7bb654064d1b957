"""The way in: log-in with lock-out, log-out, language, and the few files that need no log-in."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import structlog
from fastapi.responses import Response

from edge.device.accounts import Accounts, AccountsBusyError, AccountsError
from edge.device.lockout import Lockout
from edge.device.log_ins import LONGEST_MS, LogIns
from edge.device.troubles import NotFoundError
from edge.device.visits import LANGUAGE_COOKIE, LOG_IN_COOKIE, Visit
from edge.device.words import choose_language

log = structlog.get_logger(__name__)

TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
# nothing else lies within reach of a URL
ASSETS: Final = {
    "ui": (files("ui"), frozenset({"tokens.css", "live.js", "plan_words.js"})),
    "device": (files("edge.device").joinpath("static"), frozenset({"device.css", "device.js", "mark.svg"})),
}


class Entrance:
    """Handlers of the open routes and of leaving."""

    def __init__(self, accounts: Accounts, lockout: Lockout, log_ins: LogIns) -> None:
        self._accounts = accounts
        self._lockout = lockout
        self._log_ins = log_ins

    def show_login(self, visit: Visit) -> Response:
        """Show the form; who is logged in already goes on."""
        return visit.go("/") if visit.log_in else self._form(visit)

    def log_in(self, visit: Visit) -> Response:
        """Compare name and password; the same answer for a name that is not there."""
        name, password = visit.form.get("name", "").strip().lower(), visit.form.get("password", "")
        wait_ms = self._lockout.wait_ms(name, visit.address)
        if wait_ms:
            return self._form(visit, 429, name=name, wait_s=-(-wait_ms // 1000))
        try:
            good = self._accounts.check(name, password)
        except AccountsBusyError:
            return self._form(visit, 503, name=name, trouble="busy")
        except AccountsError as error:
            log.warning("technicians_file_unusable", error=str(error))
            return self._form(visit, 503, name=name, trouble="file")
        if not good:
            self._lockout.note_failure(name, visit.address)
            log.warning("device_log_in_refused", name=name[:32], address=visit.address)
            return self._form(visit, 403, name=name, trouble="wrong")
        self._lockout.note_success(name, visit.address)
        log.info("device_log_in", name=name, address=visit.address)
        answer = visit.go("/")
        token = self._log_ins.open(name)
        # no page of another site may send it, no script may read it, and it never leaves TLS
        answer.set_cookie(
            LOG_IN_COOKIE, token, max_age=LONGEST_MS // 1000, path="/", secure=True, httponly=True, samesite="strict"
        )
        return answer

    def log_out(self, visit: Visit) -> Response:
        """End the session here and in the browser."""
        self._log_ins.close(visit.request.cookies.get(LOG_IN_COOKIE, ""))
        log.info("device_log_out", name=visit.name)
        answer = visit.go("/login")
        answer.delete_cookie(LOG_IN_COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    def choose_language(self, visit: Visit) -> Response:
        """Remember a language in this browser; back goes only to a page of ours."""
        back = visit.form.get("back", "/")
        answer = visit.go(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")
        language = choose_language(visit.form.get("language"))
        answer.set_cookie(LANGUAGE_COOKIE, language, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    def show_asset(self, visit: Visit) -> Response:
        """Give one of the few files by name."""
        folder, names = ASSETS.get(visit.part("folder"), (None, frozenset()))
        name = visit.part("file")
        if folder is None or name not in names:
            raise NotFoundError(name)
        return Response(folder.joinpath(name).read_bytes(), media_type=TYPES[name.rpartition(".")[2]])

    @staticmethod
    def _form(visit: Visit, status: int = 200, *, name: str = "", wait_s: int = 0, trouble: str = "") -> Response:
        return visit.page("login.html", status, typed=name[:32], wait_s=wait_s, trouble=trouble)
