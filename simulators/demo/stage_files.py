"""The files that one centre, broker, gateway and simulated room are started from. Writes them; starts nothing."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template

from simulators.room_plan import RoomPlan, describe_room

HOST = "127.0.0.1"
BROKER_TEMPLATES = Path(__file__).parents[2] / "deploy" / "mosquitto"
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
UNIT = 1
BAUD = 19200
KIOSK_POINT = "kiosk-a"
BUTTON_POINT = 101
SCANNER, CAMERA, PRINTER = "scan-1", "cam-1", "zpl-1"
MARKETING_KEY_ID = "demo"


@dataclass(frozen=True)
class Ports:
    """Ports of loopback that the processes listen on."""

    centre: int
    kiosk: int
    broker: int
    control: int
    printer: int
    camera: int
    service: int
    callbacks: int


def choose_ports(first: int = 0) -> Ports:
    """Take eight ports in a row from `first` on, or free ones where they are taken (or `first` is 0)."""
    names = ("centre", "kiosk", "broker", "control", "printer", "camera", "service", "callbacks")
    held: list[socket.socket] = []
    try:
        held.extend(_hold_port(first + offset if first else 0) for offset in range(len(names)))
        return Ports(**{name: each.getsockname()[1] for name, each in zip(names, held, strict=True)})
    finally:
        for each in held:
            each.close()


def _hold_port(wanted: int) -> socket.socket:
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, wanted))
    except OSError:
        probe.bind((HOST, 0))
    return probe


def write_stage(folder: Path, plan: RoomPlan, ports: Ports) -> None:
    """Write everything into the folder; what a former run left there is used again."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_passwords(folder, plan.options.room_id)
    _write_broker(folder, ports)
    _write_marketing_key(folder / "marketing.key")
    (folder / "room-file.json").write_text(json.dumps(describe_room(plan), ensure_ascii=False, indent=1))
    (folder / "central.toml").write_text(_word_centre(folder, ports))
    (folder / "gateway.toml").write_text(_word_gateway(folder, plan, ports))
    (folder / "room.toml").write_text(_word_room(folder, plan, ports))


def _write_passwords(folder: Path, room_id: str) -> None:
    """Give the broker's users the passwords of the demo; each secret in a file of its own, as everywhere."""
    passwords = folder / "broker-passwords"
    passwords.unlink(missing_ok=True)
    passwords.touch(mode=0o600)
    for user in ("central", room_id):
        secret = folder / f"{user}.password"
        secret.touch(mode=0o600)
        secret.write_text(f"demo-{user}-on-loopback\n")
        command = ["mosquitto_passwd", "-b", str(passwords), user, secret.read_text().strip()]
        subprocess.run(command, check=True, capture_output=True)


def _write_marketing_key(file: Path) -> None:
    """Draw the key that centre and marketing system share; a former run's is kept."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))


def _write_broker(folder: Path, ports: Ports) -> None:
    data = folder / "broker-data"
    data.mkdir(exist_ok=True)
    acl = folder / "broker-acl"
    shutil.copy(BROKER_TEMPLATES / "acl", acl)
    acl.chmod(0o600)
    filled = Template((BROKER_TEMPLATES / "mosquitto.conf").read_text(encoding="utf-8")).substitute(
        LISTENER=f"{ports.broker} {HOST}",
        USER=pwd.getpwuid(os.geteuid()).pw_name,
        PASSWORD_FILE=folder / "broker-passwords",
        ACL_FILE=acl,
        DATA_DIR=data,
    )
    (folder / "mosquitto.conf").write_text(filled, encoding="utf-8")


def _word_centre(folder: Path, ports: Ports) -> str:
    return f"""[http]
host = "{HOST}"
port = {ports.centre}

[database]
url = "sqlite:///{folder / "central.db"}"

[mqtt]
host = "{HOST}"
port = {ports.broker}
password_file = "{folder / "central.password"}"

# cheap: these passwords stand on the screen, and everybody logs in at once
[password]
time_cost = 1
memory_kib = 8192

[marketing]
callback_url = "http://{HOST}:{ports.callbacks}/callbacks"

[[marketing.keys]]
id = "{MARKETING_KEY_ID}"
file = "{folder / "marketing.key"}"
"""


def _word_room(folder: Path, plan: RoomPlan, ports: Ports) -> str:
    options = plan.options
    return f"""dir = "{folder / "room"}"
seed = {options.seed}

[bank]
id = "{options.bank_id}"
unit = {UNIT}
baud = {BAUD}
moving_columns = {options.moving_columns}
aisle_mm = {options.aisle_mm}
speed_mm_s = {options.speed_mm_s}
service_port = {ports.service}

[[scanner]]
id = "{SCANNER}"
trigger = true

[camera]
port = {ports.camera}

[printer]
port = {ports.printer}

[control]
port = {ports.control}
"""


def _word_gateway(folder: Path, plan: RoomPlan, ports: Ports) -> str:
    options = plan.options
    return f"""[room]
id = "{options.room_id}"
name = "{options.name}"
number = "{options.number}"

[store]
dir = "{folder / "gateway"}"

[link]
host = "{HOST}"
port = {ports.broker}
password_file = "{folder / f"{options.room_id}.password"}"

[kiosk]
host = "{HOST}"
port = {ports.kiosk}
point_id = "{KIOSK_POINT}"

[[bus]]
id = "bus1"
port = "{folder / "room" / "shelf-bus"}"
baud = {BAUD}
parity = "N"
stop_bits = 2

[[scanner]]
id = "{SCANNER}"
name = "手持扫描枪"
station = "{KIOSK_POINT}"
port = "{folder / "room" / SCANNER}"
trigger = true

[[camera]]
id = "{CAMERA}"
name = "工作台摄像头"
station = "{KIOSK_POINT}"
source = "http://{HOST}:{ports.camera}/stream.mjpg"

[[printer]]
id = "{PRINTER}"
name = "标签打印机"
host = "{HOST}"
port = {ports.printer}
font_file = "{FONT}"
font_index = 2

{_word_bank(plan)}"""


def _word_bank(plan: RoomPlan) -> str:
    bank, options = plan.bank, plan.options
    times = bank.times
    columns = "".join(
        f"""
  [[bank.column]]
  no = {column.no}
  fixed = {str(column.fixed).lower()}
  width_mm = {column.width_mm}
  faces = {json.dumps(list(column.faces))}
"""
        for column in bank.columns
    )
    return f"""[[bank]]
id = "{bank.bank_id}"
name = "{options.bank_name}"
bus = "bus1"
unit = {UNIT}
sections = {bank.sections}
tiers = {bank.tiers}
slots = {options.slots}
passable_gap_mm = {bank.passable_gap_mm}
speed_mm_s = {times.speed_mm_s}
reaction_ms = {times.reaction_ms}
braking_mm = {-(-(times.speed_mm_s**2) // (2 * times.braking_mm_s2))}
wake_ms = {times.wake_ms}
warning_ms = {times.warning_ms}
travel_ms = {bank.longest_travel_ms}
stop_confirm_ms = 1000
{columns}
  [[bank.segment]]
  first_column = 1
  last_column = {len(bank.columns)}
  free_width_mm = {bank.free_width_mm(0)}
  free_aisles = {bank.free_aisles[0]}

  [[bank.point]]
  id = "{KIOSK_POINT}"
  kind = "kiosk"
  name = "{options.bank_name}入口屏"
  signed_by = "王建国"
  signed_on = 2026-11-02

  [[bank.point]]
  id = "card-a"
  kind = "card"
  name = "{options.bank_name}入口确认卡"
  signed_by = "王建国"
  signed_on = 2026-11-02
  card_code = "{plan.confirm_card}"

  [[bank.point]]
  id = "button-a"
  kind = "button"
  name = "{options.bank_name}入口按钮"
  signed_by = "王建国"
  signed_on = 2026-11-02
  button = {BUTTON_POINT}
"""
