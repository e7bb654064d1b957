"""The robots of WeCom, DingTalk and Feishu: Apprise reads their addresses and signs, we post and read the answer.

All three answer 200 also to what they refuse and say so in the body, which Apprise does not read; and its signature for
DingTalk is escaped twice on the way. Every other address that Apprise knows is sent by Apprise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import apprise
import httpx

ERROR_LENGTH = 200
Post = tuple[str, dict[str, Any]]


class RobotError(Exception):
    """A robot did not take it; the text says why, without any secret."""


def tell_robot(address: str, mention: str, subject: str, text: str, timeout_s: float) -> None:
    """Hand a message to the robot of this Apprise address; `mention` is whom WeCom is to name, "" for nobody."""
    robot = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if robot is None:
        raise RobotError("the file of this way holds no address that Apprise knows")
    draw = _DRAWN.get(str(robot.secure_protocol))
    if draw is None:
        if not robot.notify(body=text, title=subject):
            raise RobotError("the robot did not take it")
        return
    url, body = draw(robot, mention, f"{subject}\n{text}")
    # robots stand on the internet: a proxy of the house and its certificates are taken from the environment
    with httpx.Client(timeout=timeout_s) as client:
        answer = client.post(url, json=body)
    _check_answer(answer)


def _check_answer(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise RobotError(f"HTTP {answer.status_code}")
    try:
        said = answer.json()
    except ValueError:
        raise RobotError("the robot answered in no words that it should know") from None
    said = said if isinstance(said, Mapping) else {}
    code = next((said[key] for key in ("errcode", "code", "StatusCode") if key in said), None)
    if code != 0:
        why = next((str(said[key]) for key in ("errmsg", "msg", "StatusMessage") if key in said), "")
        raise RobotError(f"the robot refused it: {code} {why}"[:ERROR_LENGTH])


def _draw_wecom(robot: Any, mention: str, text: str) -> Post:
    content: dict[str, Any] = {"content": text}
    if mention:
        content["mentioned_list"] = [mention]
    return str(robot.api_url), {"msgtype": "text", "text": content}


def _draw_dingtalk(robot: Any, _mention: str, text: str) -> Post:
    url = str(robot.notify_url).format(token=robot.token)
    if robot.secret:
        timestamp, signature = robot.get_signature()
        url = f"{url}&timestamp={timestamp}&sign={signature}"
    return url, {"msgtype": "text", "text": {"content": text}, "at": {"atMobiles": robot.targets, "isAtAll": False}}


def _draw_feishu(robot: Any, _mention: str, text: str) -> Post:
    return str(robot.notify_url).format(token=robot.token), {"msg_type": "text", "content": {"text": text}}


#: By the scheme of the address.
_DRAWN: dict[str, Callable[[Any, str, str], Post]] = {
    "wecombot": _draw_wecom,
    "dingtalk": _draw_dingtalk,
    "feishu": _draw_feishu,
}
