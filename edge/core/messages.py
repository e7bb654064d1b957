"""Every sentence the core can say, as a key with its text in both languages; pages and speech render from here.

Chinese first, as a colleague would say it: what happened, what is safe, what to do. Parameters are named in braces;
`place` and `closing` are structured and become text in `render_message`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge.core.reason_words import word_reasons

Language = Literal["zh_CN", "en"]


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence in both languages."""

    zh: str
    en: str


MESSAGES: dict[str, Message] = {
    # -- the prompt of the upper third
    "prompt.scan_badge": Message("请扫描工作证", "Scan your badge"),
    "prompt.enter_pin": Message("{name},请在屏幕上输入 PIN", "{name}, enter your PIN on the screen"),
    "prompt.scan_box": Message("请扫描档案盒", "Scan a box"),
    "prompt.put": Message("放到 {place},然后扫描这个档案盒", "Put the box at {place}, then scan it"),
    "prompt.take": Message(
        "通道 {aisle} 已打开。取 {place},取出后再扫描一次",
        "Aisle {aisle} is open. Take the box from {place}, then scan it again",
    ),
    "prompt.waking": Message("密集架正在唤醒,请稍候", "The shelf is waking, please wait"),
    "prompt.confirm_close": Message(
        "通道 {closing} 将关闭,请看清无人,然后按确认",
        "Aisle {closing} will close. Look that nobody is inside, then press confirm",
    ),
    "prompt.confirm_close_all": Message(
        "全部合拢:通道 {closing} 将关闭,请看清无人,然后按确认",
        "Close all: aisle {closing} will close. Look that nobody is inside, then press confirm",
    ),
    "prompt.confirm_ventilate": Message(
        "通风:各列将均匀分开,通道 {closing} 将变窄。请看清无人,然后按确认",
        "Ventilate: columns spread evenly, aisle {closing} will narrow. Look that nobody is inside, then press confirm",
    ),
    "prompt.confirm_park": Message(
        "夜间停放:通道 {closing} 将关闭,请看清无人,然后按确认",
        "Night park: aisle {closing} will close. Look that nobody is inside, then press confirm",
    ),
    "prompt.confirm_home": Message(
        "复位:所有列都会移动,通道 {closing} 都可能关闭。请看清每条通道无人,然后按确认",
        "Home: every column will move, and aisle {closing} may close. Look into each of them, then press confirm",
    ),
    "prompt.confirm_unlock": Message(
        "解锁通道 {aisle}:请在通道口看清无人,然后按确认",
        "Unlock aisle {aisle}: look from its mouth that nobody is inside, then press confirm",
    ),
    "prompt.confirm_unlock_all": Message(
        "解锁全部通道:请看清每条通道无人,然后按确认",
        "Unlock all aisles: look that nobody is inside any of them, then press confirm",
    ),
    "prompt.all_moving": Message("密集架正在移动,约 {seconds} 秒", "The shelf is moving, about {seconds} s"),
    "prompt.confirm_open": Message(
        "通道 {aisle} 将打开,请看清无人,然后按确认",
        "Aisle {aisle} will open. Look that nobody is in the way, then press confirm",
    ),
    "prompt.starting": Message("正在向密集架下达指令", "Asking the shelf"),
    "prompt.closing": Message(
        "通道 {closing} 正在关闭,请离开;通道 {aisle} 将打开,约 {seconds} 秒",
        "Aisle {closing} is closing, keep out; aisle {aisle} opens in about {seconds} s",
    ),
    "prompt.closing_all": Message(
        "通道 {closing} 正在关闭,请离开,约 {seconds} 秒", "Aisle {closing} is closing, keep out, about {seconds} s"
    ),
    "prompt.opening": Message("通道 {aisle} 正在打开,约 {seconds} 秒", "Aisle {aisle} is opening, about {seconds} s"),
    "prompt.reading": Message("正在核实密集架的结果,请勿进入", "Checking what the shelf did. Keep out of the aisles"),
    "prompt.stopping": Message(
        "已发出停止,等待密集架确认静止", "Stop sent, waiting for the shelf to report standstill"
    ),
    "prompt.stop_unconfirmed": Message("未确认停止,请按急停", "Stop not confirmed: press the emergency stop"),
    # -- answers to scans
    "scan.unknown_code": Message(
        "这不是本系统的条码:{text}。什么都没有改变。请扫描档案盒、架位或工作证",
        "Not one of our codes: {text}. Nothing changed. Scan a box, a place or a badge",
    ),
    "scan.wrong_check": Message(
        "条码校验不对:{text}。什么都没有改变。请再扫一次或换标签",
        "Wrong check character: {text}. Nothing changed. Scan again or replace the label",
    ),
    "scan.other_room": Message(
        "这是别的库房的:{code}。什么都没有改变。请送回 {room} 号库房",
        "{code} belongs to another room. Nothing changed. Take it back to room {room}",
    ),
    "scan.unknown_box": Message(
        "本库房没有登记这个档案盒:{code}。什么都没有改变", "Box {code} is not registered in this room. Nothing changed"
    ),
    "scan.unknown_place": Message(
        "本库房没有这个架位:{code}。什么都没有改变", "There is no place {code} in this room. Nothing changed"
    ),
    "scan.unknown_badge": Message(
        "本库房没有这张工作证:{code}。什么都没有改变", "Badge {code} is not of this room. Nothing changed"
    ),
    "scan.badge_invalid": Message(
        "{name} 的工作证已失效。请找管理员", "{name}'s badge is not valid any more. Ask the administrator"
    ),
    "scan.no_session": Message("请先扫描工作证,再扫描档案盒", "Scan your badge first, then the box"),
    "scan.pin_needed": Message("{name},请先在屏幕上输入 PIN", "{name}, first enter your PIN on the screen"),
    "scan.already": Message("刚才已经扫过:{code}。没有重复记录", "Already read: {code}. Not recorded twice"),
    "scan.box_out": Message(
        "{title} 不在架上:在 {holder} 手里。什么都没有改变", "{title} is out: {holder} has it. Nothing changed"
    ),
    "scan.box_in_own_hand": Message(
        "{title} 已在您手里。放回请先扫描架位", "You already have {title}. To put it back, scan the place first"
    ),
    "scan.box_on_loan": Message(
        "{title} 已借出。什么都没有改变。归还请先办理手续",
        "{title} is on loan. Nothing changed. Return it at the desk first",
    ),
    "scan.box_nowhere": Message(
        "{title} 还没有上架。请先扫描架位,再扫描档案盒",
        "{title} is not on a shelf yet. Scan the place first, then the box",
    ),
    "scan.box_expected": Message(
        "请扫描档案盒,不是架位。还在等 {place} 的档案盒;要换架位请先点撤销",
        "A box is expected, not a place. Still waiting for the box of {place}; to change the place, cancel first",
    ),
    "scan.box_wanted": Message(
        "请扫描档案盒 {title},不是架位。什么都没有改变", "Scan the box {title}, not a place. Nothing changed"
    ),
    "scan.place_occupied": Message(
        "{place} 已有档案盒 {code}。什么都没有改变。请换一个空架位",
        "{place} already holds box {code}. Nothing changed. Choose an empty place",
    ),
    "scan.place_ready": Message("放到 {place}:请扫描档案盒", "{place}: now scan the box"),
    "scan.already_there": Message(
        "{title} 本来就在 {place}。没有新记录", "{title} already stands at {place}. Nothing recorded"
    ),
    "scan.taken": Message("已取出 {title}", "{title} taken out"),
    "scan.put": Message("{title} 已放到 {place}", "{title} put at {place}"),
    "scan.moved": Message("{title} 已移到 {place}", "{title} moved to {place}"),
    "scan.aisle_open": Message(
        "通道 {aisle} 开着:{place}。取出后再扫描一次",
        "Aisle {aisle} is open: {place}. Take the box, then scan it again",
    ),
    "scan.prompted": Message("请看屏幕:通道 {closing} 将关闭", "Look at the screen: aisle {closing} will close"),
    "scan.prompted_open": Message("请看屏幕:通道 {aisle} 将打开", "Look at the screen: aisle {aisle} will open"),
    "scan.waiting_press": Message("{title}:等待在现场按确认", "{title}: waiting for the press on the spot"),
    "scan.under_way": Message("{title}:密集架正在移动", "{title}: the shelf is on its way"),
    "scan.queued": Message("{title}:已排队。{reason}", "{title}: queued. {reason}"),
    "scan.in_queue": Message("{title} 已在队列里", "{title} is in the queue already"),
    "scan.opening": Message("通道 {aisle} 正在打开", "Aisle {aisle} is opening"),
    "scan.card_not_trigger": Message(
        "确认卡只能用手持扫描枪读取。什么都没有启动",
        "A confirm card counts only when read by a hand-held scanner. Nothing was started",
    ),
    "scan.card_no_prompt": Message("这张确认卡前现在没有要确认的动作", "There is nothing to confirm at this card now"),
    "scan.card_unknown": Message(
        "没有登记这张确认卡:{code}。什么都没有启动", "Confirm card {code} is not registered. Nothing was started"
    ),
    "scan.card_ambiguous": Message(
        "有两个区在等待确认,请在屏幕上按", "Two banks wait for a press: press on the screen"
    ),
    "scan.confirmed": Message("已确认,通道 {closing} 将关闭", "Confirmed, aisle {closing} will close"),
    "scan.no_prompt": Message(
        "确认无效:没有这个提示,或已过期。什么都没有启动。请重新扫描",
        "Not confirmed: this prompt is gone or too old. Nothing was started. Scan again",
    ),
    "session.opened": Message("{name},请在屏幕上输入 PIN", "{name}, enter your PIN on the screen"),
    "session.resumed": Message("{name},请扫描档案盒", "{name}, scan a box"),
    "session.ready": Message("您好,{name}。请扫描档案盒或架位", "Hello {name}. Scan a box or a place"),
    "session.ended": Message("{name} 已签退", "{name} signed off"),
    "session.none": Message("这里没有人签到", "Nobody is signed on here"),
    "session.other": Message(
        "{name} 还在这里签到。请先扫描结束码", "{name} is still signed on here. Scan the end code first"
    ),
    "session.pin_wrong": Message("PIN 不对,还可以试 {tries} 次", "Wrong PIN, {tries} tries left"),
    "session.pin_locked": Message("PIN 已锁定。请找管理员", "The PIN is locked. Ask the administrator"),
    "session.no_pin": Message("{name} 还没有设置 PIN。请找管理员", "{name} has no PIN yet. Ask the administrator"),
    "session.placed_cancelled": Message("已撤销:{place}", "Cancelled: {place}"),
    # -- the shelf: refusals, with what makes them go away stands in `refusals`
    "refused.controller_silent": Message(
        "密集架控制器没有回应。不会移动。请检查电源和线路",
        "The shelf controller does not answer. Nothing will move. Check power and cable",
    ),
    "refused.geometry_mismatch": Message(
        "控制器的几何参数与网关不一致。不会移动。请安装人员核对",
        "Geometry of controller and gateway differ. Nothing will move. The installer must compare them",
    ),
    "refused.stale": Message(
        "密集架状态不是最新的。不会移动。请稍候再试",
        "The shelf's state is not fresh. Nothing will move. Wait and try again",
    ),
    "refused.position_unknown": Message(
        "列的位置不明。不会移动。请在现场复位",
        "Column positions are unknown. Nothing will move. Home the bank on the spot",
    ),
    "refused.bank_fault": Message(
        "密集架故障:{faults}。不会移动。请在现场排除并复位",
        "Shelf fault: {faults}. Nothing will move. Clear it on the spot",
    ),
    "refused.emergency_stop": Message(
        "急停已按下。不会移动。查清后在现场复位急停",
        "The emergency stop is pressed. Nothing will move. Look, then reset it on the spot",
    ),
    "refused.edge": Message(
        "防夹边已触发。不会移动。请在现场查看并复位",
        "A safety edge has tripped. Nothing will move. Look and reset it on the spot",
    ),
    "refused.beam": Message(
        "光幕有遮挡。不会移动。请看清无人", "A beam is broken. Nothing will move. Look that nobody is there"
    ),
    "refused.aisle_lock": Message(
        "通道已从里面锁定。不会移动。请在通道口解锁",
        "An aisle is locked from inside. Nothing will move. Release it at the aisle's mouth",
    ),
    "refused.maintenance": Message(
        "检修中。不会移动。由检修人员在现场结束",
        "Under maintenance. Nothing will move. The maintainer ends it on the spot",
    ),
    "refused.fire": Message("火警。不会移动。请撤离", "Fire alarm. Nothing will move. Leave the room"),
    "refused.local": Message(
        "现场装置拦住了:{signs}。不会移动。请在现场处理",
        "A local device holds the bank: {signs}. Nothing will move. Deal with it on the spot",
    ),
    "refused.smoke": Message(
        "烟雾报警。不会移动。请撤离并查看", "Smoke. Nothing will move. Leave the room and have it looked at"
    ),
    "refused.water": Message(
        "地面进水。不会移动。请查看,排水并复位探测器",
        "Water on the floor. Nothing will move. Look, dry it, and reset the detector",
    ),
    "refused.sweep": Message(
        "底部防撞条已触发。不会移动。请在现场查看并复位",
        "A kick strip has tripped. Nothing will move. Look and reset it on the spot",
    ),
    "refused.locked": Message(
        "通道 {aisles} 已锁定。不会关闭。请看清无人,再解锁",
        "Aisle {aisles} is locked. It will not close. Look that nobody is inside, then unlock it",
    ),
    "refused.lock_inside": Message(
        "这把锁是从通道里面上的,不能远程解开。请在通道口解锁",
        "This lock was set inside the aisle and can't be released from here. Release it at the aisle's mouth",
    ),
    "refused.not_offered": Message(
        "这台控制器没有这个功能:{operation}。什么都没有启动",
        "This controller can't do it: {operation}. Nothing was started",
    ),
    "refused.act_pending": Message("上一个操作还没有回应,请稍候", "The operation before is not answered yet. Wait"),
    "refused.under_way": Message(
        "已经在移动,不能取消选择。要停下请按停止", "It is moving already. To end it, press stop"
    ),
    "refused.lit": Message("通道 {aisles} 有人。不会关灯", "Somebody is in aisle {aisles}. The light stays on"),
    "refused.seen_occupied": Message(
        "通道 {aisles} 有人。不会关闭。请等人离开",
        "Somebody is in aisle {aisles}. It will not close. Wait until they have left",
    ),
    "refused.moving": Message("密集架正在移动。等它停下", "The shelf is moving. Wait until it stands"),
    "refused.foreign_motion": Message(
        "密集架由面板或遥控移动。等它停下", "The shelf is moved from its panel or a remote. Wait until it stands"
    ),
    "refused.busy": Message("前一个请求还没有完成", "The request before is not finished"),
    "refused.bus_full": Message(
        "同一总线上的另一个区正在移动。等它停下", "Another bank on the same bus moves. Wait until it stands"
    ),
    "refused.stopping": Message("停止还没有确认。不会移动", "The stop is not confirmed yet. Nothing will move"),
    "refused.store": Message(
        "磁盘写不进去({disk})。不会移动,也不会记录。请清理磁盘",
        "The disk takes nothing ({disk}). Nothing will move or be recorded. Free the disk",
    ),
    "refused.overloaded": Message(
        "网关过载。不会移动。请稍候", "The gateway is overloaded. Nothing will move. Please wait"
    ),
    "refused.afar": Message("这里看不见密集架。请到现场按确认", "The shelf can't be seen from here. Press on the spot"),
    "refused.point": Message(
        "这个确认点看不见 {bank}。请到有视线的确认点",
        "{bank} can't be seen from this point. Go to a point in its sight",
    ),
    "refused.expired": Message(
        "请求已过期。什么都没有启动。请重新扫描", "The request is too old. Nothing was started. Scan again"
    ),
    "refused.no_aisle": Message("没有这个通道", "There is no such aisle"),
    "refused.unknown_bank": Message("没有这个区", "There is no such bank"),
    "refused.queue_full": Message("队列已满。请稍候再扫", "The queue is full. Wait and scan again"),
    "refused.unknown_box": Message("没有登记这个档案盒", "The box is not registered"),
    "refused.not_shelved": Message("档案盒不在架上", "The box is not on a shelf"),
    "refused.unknown_command": Message("不认识这个命令", "The command is unknown"),
    "refused.clock": Message(
        "网关时钟刚跳变,命令时间不可信", "The gateway's clock has jumped: the command's age is unknown"
    ),
    "refused.no_printer": Message("没有打印机", "There is no printer"),
    "refused.print_queue_full": Message("打印队列已满", "The print queue is full"),
    # -- operations
    "operation.open_aisle": Message("打开通道", "open an aisle"),
    "operation.close_all": Message("全部合拢", "close all"),
    "operation.ventilate": Message("通风", "ventilate"),
    "operation.park": Message("夜间停放", "night park"),
    "operation.home": Message("复位", "home"),
    "operation.lock": Message("锁定", "lock"),
    "operation.unlock": Message("解锁", "unlock"),
    "operation.light_on": Message("开灯", "light on"),
    "operation.light_off": Message("关灯", "light off"),
    "operation.clear_fault": Message("清除故障", "clear fault"),
    "operation.deselect": Message("取消选择", "deselect"),
    "operation.wake": Message("唤醒", "wake"),
    "operation.sleep": Message("休眠", "sleep"),
    "operation.prompted": Message(
        "{operation}:请在看得见密集架的地方按确认", "{operation}: press at a point in sight of the shelf"
    ),
    "operation.queued": Message("{operation}:已排队。{reason}", "{operation}: queued. {reason}"),
    "operation.begun": Message("{operation}:已开始", "{operation}: begun"),
    "operation.done": Message("{operation}:已完成", "{operation}: done"),
    "operation.refused": Message(
        "{operation}:控制器拒绝({reasons})", "{operation}: the controller refused ({reasons})"
    ),
    "operation.unknown": Message(
        "{operation}:没有回应({reason}),结果不明,请到现场查看",
        "{operation}: no answer ({reason}), outcome unknown. Look at the shelf",
    ),
    "operation.awake": Message("密集架没有休眠", "The shelf is not asleep"),
    "operation.waking": Message("密集架正在唤醒", "The shelf is waking"),
    "operation.let_go": Message("已取消。什么都没有启动", "Taken back. Nothing was started"),
    "operation.not_locked": Message("没有可以解开的锁", "There is no lock to release"),
    # -- outcomes of motion
    "motion.ventilated": Message("各列已均匀分开", "The columns stand evenly spread"),
    "motion.parked": Message("已停放", "Parked for the night"),
    "motion.homed": Message("已复位", "Homed"),
    "motion.done": Message("通道 {aisle} 已打开", "Aisle {aisle} is open"),
    "motion.closed_all": Message("已全部合拢", "All closed"),
    "motion.refused": Message("密集架拒绝:{reasons}。没有移动", "The shelf refused: {reasons}. Nothing moved"),
    "motion.failed": Message(
        "没有完成:{reason}。请看清现场再重新扫描", "Not finished: {reason}. Look at the shelf, then scan again"
    ),
    "motion.unknown": Message("结果不明:{reason}。请到现场查看", "Outcome unknown: {reason}. Look at the shelf"),
    "motion.changed": Message(
        "按下之后现场有变化,确认已失效。没有移动。请再看一次",
        "Something changed after the press, so it no longer counts. Nothing moved. Look again",
    ),
    # -- last acts
    "act.take_out": Message("{name} 取出 {title}", "{name} took out {title}"),
    "act.put_away": Message("{name} 把 {title} 放到 {place}", "{name} put {title} at {place}"),
    "act.move": Message("{name} 把 {title} 移到 {place}", "{name} moved {title} to {place}"),
    "act.undo": Message("已撤销:{title}", "Undone: {title}"),
    "act.motion": Message("通道 {aisle} 已打开", "Aisle {aisle} opened"),
    "undo.done": Message(
        "已撤销记录:{title}。档案盒请放回原处", "Record undone: {title}. Put the box back where it was"
    ),
    "undo.not_newest": Message("之后又有新的记录,不能撤销", "There are newer records of it, so it can't be undone"),
    "undo.place_taken": Message(
        "原来的架位已放了别的档案盒,不能撤销", "Its former place holds another box, so it can't be undone"
    ),
    "undo.unknown": Message("没有可以撤销的记录", "There is nothing to undo"),
    "print.resumed": Message("已重新送去打印:{count} 张", "Sent to the printer again: {count}"),
    "print.nothing": Message("没有要重新打印的标签", "There is no label to print again"),
    # -- named states
    "state.controller_silent": Message("{bank}:控制器没有回应", "{bank}: controller silent"),
    "state.controller_rebooted": Message(
        "{bank}:控制器已重启,位置和通道情况待查看", "{bank}: controller restarted, look at the aisles"
    ),
    "state.geometry_mismatch": Message("{bank}:几何参数不一致", "{bank}: geometry differs"),
    "state.doubted": Message(
        "{bank}:断电或手动移动过,请看清各通道", "{bank}: lost power or moved by hand, look into the aisles"
    ),
    "state.foreign_motion": Message("{bank}:由面板或遥控移动", "{bank}: moved from panel or remote"),
    "state.bank_fault": Message("{bank}:故障({faults})", "{bank}: fault ({faults})"),
    "state.door_open": Message("{bank}:库房门开着", "{bank}: the room's door is open"),
    "state.hazard_fire": Message("{bank}:火警。请撤离", "{bank}: fire alarm. Leave the room"),
    "state.hazard_smoke": Message("{bank}:烟雾报警", "{bank}: smoke"),
    "state.hazard_water": Message("{bank}:地面进水", "{bank}: water on the floor"),
    "state.climate_hot": Message("{bank}:温度过高", "{bank}: too warm"),
    "state.climate_cold": Message("{bank}:温度过低", "{bank}: too cold"),
    "state.climate_humid": Message("{bank}:湿度过高", "{bank}: too humid"),
    "state.climate_dry": Message("{bank}:湿度过低", "{bank}: too dry"),
    "state.sensor_faulty": Message(
        "{bank}:{sensor} 没有看到本应看到的人。请检修并重新检验",
        "{bank}: {sensor} did not see a person whom it should have seen. Have it repaired and proven anew",
    ),
    "state.sensor_overdue": Message("{bank}:{sensor} 的检验已过期", "{bank}: the proof test of {sensor} has run out"),
    "state.locked": Message("{bank}:通道 {aisles} 已锁定", "{bank}: aisle {aisles} is locked"),
    "state.scan_alone": Message(
        "{bank}:扫码即开({document},至 {expires})", "{bank}: opens by scan alone ({document}, until {expires})"
    ),
    "state.scan_alone_ended": Message(
        "{bank}:扫码即开已停用({document},{expires} 到期)",
        "{bank}: opening by scan alone has ended ({document}, {expires})",
    ),
    "state.stop_sent": Message("{bank}:已发出停止", "{bank}: stop sent"),
    "state.stop_unconfirmed": Message(
        "{bank}:未确认停止,请按急停", "{bank}: stop not confirmed, press the emergency stop"
    ),
    "state.printer_out_of_labels": Message(
        "打印机缺纸。标签 {codes} 尚未打印,编号已保留。请装纸后点“继续打印”",
        "The printer is out of labels. {codes} not printed, numbers kept. Load labels, then press “go on printing”",
    ),
    "state.printer_fault": Message(
        "打印机故障。未打印的标签保留着。请检查打印机后点“继续打印”",
        "Printer fault. Unprinted labels are kept. Check the printer, then press “go on printing”",
    ),
    "state.printer_unplugged": Message(
        "打印机连接不上。未打印的标签保留着", "The printer can't be reached. Unprinted labels are kept"
    ),
    "state.device_unplugged": Message(
        "{device} 已断开。请插好;接上后自动恢复", "{device} is unplugged. Plug it in; it comes back by itself"
    ),
    "state.device_fault": Message("{device} 故障", "{device} has a fault"),
    "state.store_full": Message(
        "磁盘已满。不移动、不记录。请清理磁盘,之后自动恢复",
        "Disk full. Nothing moves, nothing is recorded. Free space; it recovers by itself",
    ),
    "state.store_locked": Message(
        "数据库被占用。不移动、不记录。释放后自动恢复",
        "The database is locked. Nothing moves, nothing is recorded. It recovers by itself",
    ),
    "state.store_failed": Message("磁盘故障。不移动、不记录", "Disk fault. Nothing moves, nothing is recorded"),
    "state.clock_stepped": Message(
        "时钟跳变。继续工作;记录会注明时间待核",
        "The clock jumped. Work goes on; records are marked as of uncertain time",
    ),
    "state.link_down": Message(
        "与中心的连接断开。库房照常工作,记录保留在本机",
        "No link to the centre. The room works on, records are kept here",
    ),
    "state.centre_silent": Message(
        "中心没有回应。库房照常工作,记录保留在本机",
        "The centre does not answer. The room works on, records are kept here",
    ),
    "state.link_refused": Message(
        "中心不接受本网关的记录({state})。记录保留在本机。请联系管理员",
        "The centre does not take this gateway's records ({state}). They are kept here. Call the administrator",
    ),
    "state.link_untrusted": Message(
        "中心消息服务器的证书不可信,没有连接。库房照常工作,记录保留在本机。请联系管理员核对证书和地址",
        "The certificate of the centre's broker can't be trusted, so nothing was sent. The room works on, records are"
        " kept here. Call the administrator to check certificate and address",
    ),
    "state.link_unknown_here": Message(
        "中心消息服务器不认识本网关(用户名或密码不对)。库房照常工作,记录保留在本机。请联系管理员",
        "The centre's broker doesn't know this gateway (name or password). The room works on, records are kept here."
        " Call the administrator",
    ),
    "state.overloaded": Message("网关过载,已停止移动", "Gateway overloaded, motion stopped"),
    "state.print_unknown": Message(
        "标签 {codes} 不知是否已打印。请查看,需要时点“重新打印”",
        "It is unknown whether labels {codes} were printed. Look, and reprint if need be",
    ),
}


def describe_place(place: Mapping[str, Any], language: Language) -> str:
    """Write the path of a place as people say it: `1区 7列 A面 3节 4层 12位`."""
    if language == "zh_CN":
        return (
            f"{place['bank_name']} {place['column']}列 {place['face']}面 "
            f"{place['section']}节 {place['tier']}层 {place['slot']}位"
        )
    return (
        f"{place['bank_name']}, column {place['column']}, face {place['face']}, "
        f"section {place['section']}, tier {place['tier']}, place {place['slot']}"
    )


def render_value(name: str, value: Any, language: Language) -> str:
    """Write one parameter as text: places as paths, lists joined, a nested message rendered."""
    if isinstance(value, Mapping):
        if "key" in value:
            return render_message(value["key"], value.get("params", {}), language)
        return describe_place(value, language) if name == "place" else str(dict(value))
    if name in {"reason", "reasons"}:
        return word_reasons(value if isinstance(value, str) else ",".join(map(str, value)), language)
    if isinstance(value, (list, tuple)):
        return ("、" if language == "zh_CN" else ", ").join(str(item) for item in value)
    return str(value)


def render_message(key: str, params: Mapping[str, Any], language: Language) -> str:
    """Write the sentence of a key with its parameters filled in."""
    message = MESSAGES[key]
    text = message.zh if language == "zh_CN" else message.en
    return text.format_map({name: render_value(name, value, language) for name, value in params.items()})
