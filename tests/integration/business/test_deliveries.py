"""Messages leave by a real SMTP server, to a real HTTP endpoint, and to robots through Apprise; quiet hours hold."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, select, update

from central.domain.calendars import Hours
from central.domain.marketing import check_signature
from central.domain.sweeps import CLOCKWORKS, SubjectKind
from central.jobs.deliveries import KEY_ID, Courier
from central.services.messages import tell_urges
from central.services.sweeps import sweep_due
from central.settings import MessageSettings
from central.store.claims import ATTEMPTS_MAX
from central.store.tx import Transactions
from central.store.urges import ChannelRow, DeliveryRow, UrgeRow
from central.web.language import load_translations
from tests.integration.business.robot_stand import HOSTS, RobotStand
from tests.integration.business.timed import HOUR, NOW, House

KEY = "a-key-of-both-ends"


class PostOffice:
    """Keeps what an SMTP server took; refuses while `closed`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.closed = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.closed:
            return "451 come back later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


class Endpoint:
    """Keeps what came by HTTP."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                came.append((self.path, dict(self.headers), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def smtp() -> Iterator[tuple[PostOffice, int]]:
    office = PostOffice()
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    yield office, port
    controller.stop()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()


class Desk:
    """A house with one overdue task, a courier, and a clock moved by hand."""

    def __init__(self, engine: Engine, settings: MessageSettings) -> None:
        self.now = NOW
        self.house = House(Transactions(engine)).found()
        self.courier = Courier(
            self.house.tx, settings, lambda language, text: load_translations(language).gettext(text), lambda: self.now
        )

    def open_way(self, channel: str, address: str = "", *, digest: bool = False) -> None:
        with self.house.tx.write() as session:
            session.add(
                ChannelRow(
                    person_id=self.house.people["handler"],
                    channel=channel,
                    address=address,
                    kinds=["send"],
                    digest=digest,
                    active=True,
                    changed_at=self.now,
                )
            )

    def urge(self, *cases: str) -> None:
        """Let a task of each case fall overdue, and tell it."""
        with self.house.tx.write() as session:
            for number in cases:
                self.house.add_task(session, self.house.add_case(session, number), "ACCEPT", self.now - HOUR)
            sweep_due(session, self.now)
            tell_urges(session, Hours(), self.now)

    def list_states(self) -> list[str]:
        with self.house.tx.read() as session:
            return list(session.scalars(select(DeliveryRow.state).order_by(DeliveryRow.id)))


@pytest.fixture
def desk(clean_engine: Engine, smtp: tuple[PostOffice, int], endpoint: Endpoint, tmp_path: Path) -> Desk:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "wecom").write_text(f"json://127.0.0.1:{endpoint.port}/robot/{{address}}\n")
    office, port = smtp
    office.mails.clear()
    office.closed = False
    endpoint.came.clear()
    settings = MessageSettings(
        base_url="https://archive.example.cn",
        mail_host="127.0.0.1",
        mail_port=port,
        mail_from="openaisle@example.cn",
        webhook_url=f"http://127.0.0.1:{endpoint.port}/hook",
        webhook_key_file=tmp_path / "key",
        wecom_file=tmp_path / "wecom",
    )
    return Desk(clean_engine, settings)


def test_a_mail_goes_out_once_in_the_readers_language(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    desk.open_way("mail", "li@example.cn")
    desk.urge("8001")
    assert desk.courier.run_round() == 1
    assert desk.courier.run_round() == 0
    (mail,) = smtp[0].mails
    assert (mail["To"], mail["From"], mail["Auto-Submitted"]) == (
        "li@example.cn",
        "openaisle@example.cn",
        "auto-generated",
    )
    assert mail["Subject"] == "OpenAisle：有事项待您办理"
    text = mail.get_content()
    # 15:00 in China an hour before the sweep
    assert "8001" in text
    assert "2026-11-24 15:00" in text
    assert "https://archive.example.cn/reminders#to_send" in text
    assert desk.list_states() == ["sent"]


def test_nothing_goes_out_at_night_or_on_days_off(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    desk.open_way("mail", "li@example.cn")
    # Friday 19:00 in China; Monday 08:30 is next
    desk.now = datetime(2026, 11, 27, 11, tzinfo=UTC)
    desk.urge("8001")
    assert desk.courier.run_round() == 0
    desk.now = datetime(2026, 11, 30, 0, 29, tzinfo=UTC)
    assert desk.courier.run_round() == 0
    desk.now += timedelta(minutes=1)
    assert desk.courier.run_round() == 1
    assert len(smtp[0].mails) == 1


def test_a_digest_is_one_mail_on_the_next_morning(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    desk.open_way("mail", "li@example.cn", digest=True)
    desk.urge("8001", "8002", "8003")
    assert desk.courier.run_round() == 0
    desk.now = datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert desk.courier.run_round() == 1
    (mail,) = smtp[0].mails
    assert "3" in mail["Subject"]
    assert all(number in mail.get_content() for number in ("8001", "8002", "8003"))
    assert desk.list_states() == ["sent"] * 3


def test_what_was_done_meanwhile_does_not_go_out(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    desk.open_way("mail", "li@example.cn")
    desk.urge("8001")
    with desk.house.tx.write() as session:
        session.execute(update(UrgeRow).values(answered_at=desk.now))
    assert desk.courier.run_round() == 0
    assert smtp[0].mails == []
    assert desk.list_states() == ["stopped"]


def test_a_server_that_refuses_is_asked_again_and_in_the_end_given_up(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    smtp[0].closed = True
    desk.open_way("mail", "li@example.cn")
    desk.urge("8001")
    assert desk.courier.run_round() == 1
    assert desk.courier.run_round() == 0
    with desk.house.tx.read() as session:
        row = session.scalars(select(DeliveryRow)).one()
        assert (row.state, row.attempts) == ("queued", 1)
        assert "come back later" in (row.last_error or "")
    for _ in range(ATTEMPTS_MAX - 1):
        desk.now += 2 * HOUR
        assert desk.courier.run_round() == 1
    assert desk.list_states() == ["dead"]
    assert smtp[0].mails == []


def test_a_killed_courier_leaves_its_letters_to_the_next(desk: Desk, smtp: tuple[PostOffice, int]) -> None:
    desk.open_way("mail", "li@example.cn")
    desk.urge("8001")
    with desk.house.tx.write() as session:
        session.execute(
            update(DeliveryRow).values(leased_by="a dead worker", leased_until=desk.now + 5 * HOUR, attempts=1)
        )
    assert desk.courier.run_round() == 0
    desk.now += 5 * HOUR
    assert desk.courier.run_round() == 1
    assert len(smtp[0].mails) == 1


# a plugin of Apprise that is not ours to use imports it
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_the_webhook_is_signed_and_the_robot_is_told(desk: Desk, endpoint: Endpoint) -> None:
    desk.open_way("webhook")
    desk.open_way("wecom", "li")
    desk.urge("8001")
    assert desk.courier.run_round() == 2
    came = {path: (headers, body) for path, headers, body in endpoint.came}
    headers, body = came["/hook"]
    assert check_signature({KEY_ID: KEY.encode()}, headers["OpenAisle-Signature"], body, desk.now) == (KEY_ID, None)
    told = json.loads(body)
    assert told["login"] == "handler"
    assert told["notes"][0]["kind"] == CLOCKWORKS[SubjectKind.TASK].overdue.value
    assert told["notes"][0]["facts"]["case_no"] == "8001"
    (robot,) = [(headers, body) for path, (headers, body) in came.items() if path.startswith("/robot")]
    assert "/robot/li" in came
    assert "8001" in json.loads(robot[1])["message"]
    assert desk.list_states() == ["sent", "sent"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_the_robots_of_the_trade_are_told_as_their_makers_ask(
    clean_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = RobotStand(tmp_path)
    for name, value in (("HTTPS_PROXY", stand.url), ("SSL_CERT_FILE", str(stand.certificate)), ("NO_PROXY", "")):
        monkeypatch.setenv(name, value)
        monkeypatch.delenv(name.lower(), raising=False)
    secret = "SEC0123456789abcdef"
    addresses = {
        "wecom": "wecombot://693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
        "dingtalk": f"dingtalk://{secret}@0123456789abcdef/{{address}}",
        "feishu": "feishu://c1a2b3d4-e5f6-4711-8e9e-000000000001",
    }
    for name, address in addresses.items():
        (tmp_path / name).write_text(address)
    settings = MessageSettings.model_validate({f"{name}_file": tmp_path / name for name in addresses})
    desk = Desk(clean_engine, settings)
    for name in addresses:
        desk.open_way(name, "13800138000" if name == "dingtalk" else "li" if name == "wecom" else "")
    desk.urge("8001")
    # they answer 200 to what they refuse
    stand.code = 310000
    assert desk.courier.run_round() == 3
    with desk.house.tx.read() as session:
        for row in session.scalars(select(DeliveryRow)):
            assert (row.state, row.last_error) == ("queued", "RobotError: the robot refused it: 310000 no")
    stand.code = 0
    stand.came.clear()
    desk.now += HOUR
    assert desk.courier.run_round() == 3
    stand.close()
    assert desk.list_states() == ["sent"] * 3
    told = {each.host: each for each in stand.came}
    wecom, dingtalk, feishu = (told[host] for host in HOSTS)
    assert wecom.path == "/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
    assert wecom.body["msgtype"] == "text"
    assert "8001" in wecom.body["text"]["content"]
    assert wecom.body["text"]["mentioned_list"] == ["li"]
    assert feishu.path.rstrip("/") == "/open-apis/bot/v2/hook/c1a2b3d4-e5f6-4711-8e9e-000000000001"
    assert feishu.body["msg_type"] == "text"
    assert "8001" in feishu.body["content"]["text"]
    asked = {key: value[0] for key, value in parse_qs(urlsplit(dingtalk.path).query).items()}
    # signed as DingTalk's page on robots says: HMAC-SHA256 over "timestamp\nsecret"
    signed = hmac.digest(secret.encode(), f"{asked['timestamp']}\n{secret}".encode(), "sha256")
    assert (asked["access_token"], base64.b64decode(asked["sign"])) == ("0123456789abcdef", signed)
    assert dingtalk.body["at"]["atMobiles"] == ["13800138000"]
    assert "8001" in dingtalk.body["text"]["content"]
