"""Room files for tests: the demo bank in small, with customers whose names are searched for."""

from __future__ import annotations

from typing import Any

from central.domain.codes import CodeType, make_code

CUSTOMERS = ("成都锦江酒店管理有限公司", "四川盛通电子科技有限公司", "李秀英", "张伟", "Ｄata 中心 100%")
ARCHIVIST = ("archivist", "archive-room-1")
ADMIN = ("keeper", "centre-keeper-1")
TECHNICIAN = ("mender", "steel-and-wire-1")
PIN = "2468"


def box_code(serial: int, number: str = "01") -> str:
    return make_code(CodeType.BOX, number, serial)


def place_key(no: int) -> str:
    """Key of the no-th place (from 0) of a room file: slots of tier 1, then tier 2 …"""
    tier, slot = divmod(no, 17)
    return f"A-01-B-1-{tier + 1}-{slot + 1}"


def room_file(room_id: str = "r01", number: str = "01", boxes: int = 20) -> dict[str, Any]:
    """A room of one bank with 34 places; every fifth box has no place yet."""
    columns = [{"no": 1, "fixed": True, "width_mm": 550, "faces": ["B"]}]
    columns += [{"no": no, "width_mm": 550, "faces": ["A", "B"]} for no in range(2, 12)]
    return {
        "room": {"id": room_id, "number": number, "name": f"{room_id} 档案库房"},
        "banks": [
            {
                "id": "A",
                "name": "1区",
                "sections": 4,
                "tiers": 6,
                "slots": 17,
                "columns": columns,
                "segments": [{"first_column": 1, "last_column": 11, "free_aisles": 1, "free_width_mm": 800}],
            }
        ],
        "places": [{"key": place_key(no), "code": make_code(CodeType.PLACE, number, no + 1)} for no in range(34)],
        "boxes": [
            {
                "code": box_code(no, number),
                "title": f"{CUSTOMERS[no % 5]} 用电档案 {no}",
                "customer_no": f"5101{number}{no:05d}",
                "customer_name": CUSTOMERS[no % 5],
                "place_key": place_key(no) if no % 5 else None,
            }
            for no in range(1, boxes + 1)
        ],
        "staff": [{"code": make_code(CodeType.STAFF, number, 1), "name": "陈静", "pin": PIN}],
        "users": [
            {
                "login": f"{ARCHIVIST[0]}-{room_id}",
                "password": ARCHIVIST[1],
                "roles": ["archivist"],
                "rooms": [room_id],
            },
            {"login": f"{TECHNICIAN[0]}-{room_id}", "password": TECHNICIAN[1], "roles": ["technician"]},
            {"login": f"{ADMIN[0]}-{room_id}", "password": ADMIN[1], "roles": ["admin"], "name": "赵敏"},
        ],
    }
