"""The job that sends callbacks to the marketing system: signed, in order per step, again until they are taken."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.domain.marketing import sign_body
from central.services.callbacks import Callback, claim_callbacks, settle_callback
from central.settings import MarketingSettings
from central.store.gate import GateBusyError
from central.store.ids import new_id
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 1.0
CONTENT_TYPE = "application/cloudevents+json"


def read_keys(settings: MarketingSettings) -> dict[str, bytes]:
    """Return the keys by id, in the order of the settings; a file that can't be read stops the start."""
    keys = {key.id: key.file.read_bytes().strip() for key in settings.keys}
    if settings.callback_key and settings.callback_key not in keys:
        raise ValueError(f"marketing.callback_key: there is no key {settings.callback_key}")
    return keys


class CallbackSender:
    """Sends what is due; without an address it does nothing and the rows wait."""

    def __init__(
        self,
        tx: Transactions,
        settings: MarketingSettings,
        keys: Mapping[str, bytes],
        read_clock: Callable[[], datetime],
    ) -> None:
        self._tx = tx
        self._settings = settings
        self._keys = dict(keys)
        self._read_clock = read_clock
        self._worker = new_id()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work in a thread of its own."""
        if self._settings.callback_url and self._keys:
            self._thread = threading.Thread(target=self._run, name="callbacks", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after what is being sent; the rest keeps."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(self._settings.callback_timeout_s + 5)

    def run_round(self, client: httpx.Client) -> int:
        """Send the callbacks that are due; return how many were claimed."""
        with self._tx.write() as session:
            claimed = claim_callbacks(session, self._worker, self._read_clock())
        for callback in claimed:
            if self._ended.is_set():
                break
            error = self._send(client, callback)
            with self._tx.write() as session:
                settle_callback(session, callback.id, self._worker, error, self._read_clock())
            if error is not None:
                log.warning("callback_failed", callback=callback.id, error=error)
        return len(claimed)

    def _send(self, client: httpx.Client, callback: Callback) -> str | None:
        """Return what went wrong, None when the marketing system took it."""
        body = json.dumps(callback.event, ensure_ascii=False).encode()
        key_id = self._settings.callback_key or list(self._keys)[-1]
        headers = {
            "Content-Type": CONTENT_TYPE,
            "OpenAisle-Signature": sign_body(self._keys[key_id], key_id, body, self._read_clock()),
        }
        try:
            answer = client.post(self._settings.callback_url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.is_success else f"HTTP {answer.status_code}"

    def _run(self) -> None:
        with httpx.Client(timeout=self._settings.callback_timeout_s, trust_env=False) as client:
            while not self._ended.is_set():
                try:
                    claimed = self.run_round(client)
                except (SQLAlchemyError, GateBusyError) as error:
                    log.warning("callbacks_wait", error=str(error))
                    claimed = 0
                if claimed == 0:
                    self._ended.wait(POLL_S)
