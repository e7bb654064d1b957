"""The job that sends messages out: by mail, by signed webhook, and to the robots of WeCom, DingTalk and Feishu.

A letter may go out twice when a worker dies between sending and noting it; the same id goes with it each time.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from central.domain.calendars import Calendar
from central.domain.marketing import sign_body
from central.domain.messages import Channel, Letter, word_letter
from central.jobs.robots import RobotError, tell_robot
from central.services.messages import claim_letters, settle_letter
from central.settings import MessageSettings
from central.store.calendars import load_calendar
from central.store.gate import GateBusyError
from central.store.ids import new_id
from central.store.tx import Transactions

log = structlog.get_logger(__name__)

POLL_S = 2.0
KEY_ID = "messages"
ID_DOMAIN = "openaisle"


class NotSentError(Exception):
    """A letter could not be handed over; the text says why, without any secret."""


def read_secrets(settings: MessageSettings) -> dict[str, str]:
    """Return what the files of the settings hold, by channel; a file that can't be read stops the start."""
    files: dict[str, Path | None] = {
        Channel.MAIL: settings.mail_password_file,
        Channel.WEBHOOK: settings.webhook_key_file,
        Channel.WECOM: settings.wecom_file,
        Channel.DINGTALK: settings.dingtalk_file,
        Channel.FEISHU: settings.feishu_file,
    }
    return {channel: path.read_text("utf-8").strip() for channel, path in files.items() if path is not None}


class Courier:
    """Sends what is due, one letter after the other; what fails is tried again with growing pauses."""

    def __init__(
        self,
        tx: Transactions,
        settings: MessageSettings,
        translate: Callable[[str, str], str],
        read_clock: Callable[[], datetime],
    ) -> None:
        self._tx = tx
        self._settings = settings
        self._secrets = read_secrets(settings)
        self._open = settings.list_open_channels()
        self._translate = translate
        self._read_clock = read_clock
        self._worker = new_id()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._senders: Mapping[Channel, Callable[[Letter, str, str], None]] = {
            Channel.MAIL: self._send_mail,
            Channel.WEBHOOK: self._send_webhook,
        }

    def start(self) -> None:
        """Begin to work in a thread of its own; with no way out nothing is to be done."""
        if self._open:
            self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after what is being sent; the rest keeps."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(self._settings.timeout_s + 5)

    def run_round(self) -> int:
        """Send what is due; return how many letters were claimed."""
        with self._tx.write() as session:
            letters = claim_letters(session, self._worker, self._read_clock())
            calendar = load_calendar(session)
        for letter in letters:
            if self._ended.is_set():
                break
            error = self._send(letter, calendar)
            with self._tx.write() as session:
                settle_letter(session, letter, self._worker, error, self._read_clock())
            if error is not None:
                log.warning("letter_not_sent", channel=letter.channel.value, error=error)
        return len(letters)

    def _send(self, letter: Letter, calendar: Calendar) -> str | None:
        """Return what went wrong, None when it was taken."""
        if letter.channel not in self._open:
            return "this centre is not set up for it"
        subject, text = word_letter(
            letter, self._settings.base_url, calendar, lambda message: self._translate(letter.language, message)
        )
        try:
            self._senders.get(letter.channel, self._send_to_robot)(letter, subject, text)
        except (NotSentError, RobotError, OSError, smtplib.SMTPException, httpx.HTTPError) as error:
            return f"{type(error).__name__}: {error}"
        return None

    def _send_mail(self, letter: Letter, subject: str, text: str) -> None:
        settings = self._settings
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, settings.mail_from, letter.address
        mail["Message-ID"] = f"<{letter.delivery_ids[0]}@{ID_DOMAIN}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        context = ssl.create_default_context()
        if settings.mail_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.mail_host, settings.mail_port, timeout=settings.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(settings.mail_host, settings.mail_port, timeout=settings.timeout_s)
        with server:
            if settings.mail_security == "starttls":
                server.starttls(context=context)
            if settings.mail_username:
                server.login(settings.mail_username, self._secrets.get(Channel.MAIL, ""))
            server.send_message(mail)

    def _send_webhook(self, letter: Letter, subject: str, text: str) -> None:
        document = {
            "id": letter.delivery_ids[0],
            "login": letter.login,
            "subject": subject,
            "text": text,
            "notes": [{"kind": each.kind.value, "facts": dict(each.facts), "href": each.href} for each in letter.notes],
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        key = self._secrets[Channel.WEBHOOK].encode()
        headers = {
            "Content-Type": "application/json",
            "OpenAisle-Signature": sign_body(key, KEY_ID, body, self._read_clock()),
        }
        with httpx.Client(timeout=self._settings.timeout_s, trust_env=False) as client:
            answer = client.post(self._settings.webhook_url, content=body, headers=headers)
        if not answer.is_success:
            raise NotSentError(f"HTTP {answer.status_code}")

    def _send_to_robot(self, letter: Letter, subject: str, text: str) -> None:
        url = self._secrets[letter.channel].replace("{address}", quote(letter.address, safe=""))
        tell_robot(url, letter.address, subject, text, self._settings.timeout_s)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                sent = self.run_round()
            except (SQLAlchemyError, GateBusyError) as error:
                log.warning("deliveries_wait", error=str(error)[:200])
                sent = 0
            if sent == 0:
                self._ended.wait(POLL_S)
