"""Words for what ended or refused an act, as people at the bank read them. A code without words is shown as it is."""

from __future__ import annotations

from typing import Literal

#: Code: (Chinese, English). Codes are those of controller, driver and core.
WORDS: dict[str, tuple[str, str]] = {
    # the controller's interlocks
    "not_awake": ("尚未唤醒", "not awake"),
    "occupied": ("通道内有人", "somebody is in an aisle"),
    "locked": ("已上锁", "locked"),
    "local": ("须就地处理", "to be dealt with at the bank"),
    "busy": ("正忙", "busy"),
    "selected_elsewhere": ("已被别处选择", "selected from elsewhere"),
    "position_unknown": ("位置未知", "positions unknown"),
    "local_control": ("就地操作中", "under local control"),
    "not_supported": ("控制器不支持", "not offered by the controller"),
    "not_selected": ("选择已失效", "the selection is gone"),
    "ring_moved": ("现场有新情况", "something happened meanwhile"),
    "id_used": ("请求已用过", "the request was used before"),
    "other_target": ("目标不符", "another target"),
    "no_such_target": ("没有这个目标", "no such target"),
    # signs, trips and events
    "fire": ("火警", "fire"),
    "smoke": ("烟雾", "smoke"),
    "water": ("积水", "water"),
    "maintenance": ("检修中", "maintenance"),
    "emergency_stop": ("急停按下", "emergency stop"),
    "edge": ("安全触边动作", "a safety edge was touched"),
    "beam": ("光束被挡", "a beam is broken"),
    "sweep": ("底部踢条动作", "a kick strip was touched"),
    "occupancy": ("看到有人", "somebody was seen"),
    "aisle_lock": ("通道内已上锁", "locked from inside an aisle"),
    "door": ("库房门有动静", "the door was used"),
    "trip": ("保护动作", "a protective device tripped"),
    "lock_set": ("有人上锁", "somebody set a lock"),
    "overload": ("过载", "overload"),
    "drive_fault": ("驱动故障", "drive fault"),
    "fault": ("故障", "fault"),
    "panel_motion": ("就地面板移动", "moved from a panel"),
    "handle_moved": ("手轮移动", "moved by the handle"),
    "clutch_released": ("离合器脱开", "clutch released"),
    "power": ("断电", "the supply failed"),
    "power_failed": ("断电", "the supply failed"),
    "panel": ("就地面板操作", "the local panel is used"),
    "handle": ("手轮或离合器松开", "handle or clutch released"),
    "supply_lost": ("驱动电源断开", "the drives have no supply"),
    "other": ("保护锁存", "a protective device is latched"),
    # standing faults
    "drive": ("驱动故障", "drive fault"),
    "jam": ("卡住", "jammed"),
    "position_lost": ("位置丢失", "position lost"),
    "contact_mismatch": ("触点矛盾", "contacts contradict"),
    "sensor": ("传感器故障", "sensor fault"),
    "travel_time": ("移动超时", "it took too long"),
    "column_bus": ("列间通信故障", "fault between the columns"),
    "supply_low": ("电源偏低", "low supply"),
    "self_test": ("自检未过", "self-test failed"),
    # states
    "stopped": ("已停下", "it was stopped"),
    "unknown": ("状态未知", "its state is unknown"),
    "idle": ("中途停下", "it stopped on the way"),
    "asleep": ("已休眠", "it fell asleep"),
    "selected": ("没有开始移动", "it did not begin to move"),
    # the gateway's own reasons
    "pressed": ("有人按下停止", "somebody pressed stop"),
    "seen_occupied": ("看到有人", "somebody was seen"),
    "place_scanned": ("通道内扫了架位", "a place in an aisle was scanned"),
    "events_lost": ("事件有缺失", "events were missed"),
    "target_differs": ("移动的不是所选目标", "it moved to another target"),
    "echo_differs": ("控制器应答不符", "the controller answered something else"),
    "controller_changed": ("控制器有变化", "the controller changed"),
    "stale": ("读数过旧", "the reading was too old"),
    "expired": ("已过时限", "it took too long to begin"),
    "late": ("来不及发送", "it could not be sent in time"),
    "silent": ("控制器没有应答", "the controller does not answer"),
    "rebooted": ("控制器重新启动", "the controller started anew"),
    "not_received": ("控制器没有收到", "the controller did not receive it"),
    "stop_unconfirmed": ("未确认停止", "standstill was not confirmed"),
    "foreign_motion": ("被就地操作移动", "it was moved by others"),
    "ended_by_controller": ("控制器中止", "ended by the controller"),
    "deselected": ("已取消", "taken back"),
    "stopping": ("正在停止", "it is being stopped"),
    "bus_full": ("线路上同时移动的区已满", "as many banks move as the line allows"),
    "geometry_mismatch": ("几何数据不符", "the geometry differs"),
    "pending": ("前一个请求未完", "another request is under way"),
    "lapsed": ("续租中断", "the lease lapsed"),
    "lease": ("续租中断", "the lease lapsed"),
}


def word_reasons(codes: str, language: Literal["zh_CN", "en"]) -> str:
    """Return codes joined by commas as words of a language."""
    place = 0 if language == "zh_CN" else 1
    found = [WORDS[code][place] if code in WORDS else code for code in codes.split(",") if code]
    return ("、" if language == "zh_CN" else ", ").join(dict.fromkeys(found))
