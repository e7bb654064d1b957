/** The words of the plan view, Chinese first. One table per language; a missing key is a fault of this file and shows as its name. */

export const WORDS = {
  "zh-CN": {
    state: {
      asleep: "休眠", waking: "正在唤醒", idle: "静止", selected: "已选定", warning: "即将移动", moving: "移动中",
      settling: "正在停稳", stopped: "已停止", fault: "故障", unknown: "状态不明", offline: "离线",
    },
    occupancy: { seen: "有人", presumed: "可能有人", clear: "已看清无人", unknown: "是否有人不明" },
    mark: { seen: "有人", presumed: "可能有人", unknown: "不明" },
    face: (no, face) => `${no}列 ${face}面`,
    positionUnknown: "位置不明",
    columnMoving: "正在移动",
    aisle: (no) => `通道 ${no}`,
    open: (width) => (width === null ? "已打开" : `已打开，宽 ${width} 毫米`),
    width: (width) => `${width} mm`,
    closed: "已合拢",
    between: (width) => (width === null ? "半开" : `留有 ${width} 毫米的缝`),
    gap: { open: "开", closed: "合", between: "半开", unknown: "不明" },
    gapUnknown: "开合不明",
    locks: { inside: "已从里面锁定", gateway: "已锁" },
    lit: "照明已开",
    closing: "正在关闭",
    toClose: "将关闭",
    target: "正在打开",
    toOpen: "将打开",
    locked: "已锁",
    indicator: (at) => `${at.section ? `${at.section}节` : ""}${at.tier ? `${at.tier}层` : ""}`,
    indicatorTitle: (at) => `指示灯：通道 ${at.aisle} ${at.face ?? ""}面 ${at.section ?? "?"}节 ${at.tier ?? "?"}层`,
    operatingEnd: "操作端",
    staleSince: (time) => `画面停在 ${time}`,
    staleNoTime: "画面已过时",
    filled: (percent) => `已用 ${percent}%`,
    hit: "含搜索结果",
    done: (percent) => `${percent}%`,
  },
  en: {
    state: {
      asleep: "asleep", waking: "waking", idle: "at rest", selected: "selected", warning: "about to move", moving: "moving",
      settling: "settling", stopped: "stopped", fault: "fault", unknown: "state unknown", offline: "offline",
    },
    occupancy: { seen: "occupied", presumed: "presumed occupied", clear: "seen clear", unknown: "occupancy unknown" },
    mark: { seen: "occupied", presumed: "someone?", unknown: "unknown" },
    face: (no, face) => `column ${no}, face ${face}`,
    positionUnknown: "position unknown",
    columnMoving: "moving",
    aisle: (no) => `aisle ${no}`,
    open: (width) => (width === null ? "open" : `open, ${width} mm wide`),
    width: (width) => `${width} mm`,
    closed: "closed",
    between: (width) => (width === null ? "between open and closed" : `a gap of ${width} mm`),
    gap: { open: "open", closed: "closed", between: "between", unknown: "unknown" },
    gapUnknown: "open or closed: not known",
    locks: { inside: "locked from inside", gateway: "locked" },
    lit: "lit",
    closing: "closing",
    toClose: "will close",
    target: "opening",
    toOpen: "will open",
    locked: "locked",
    indicator: (at) => [at.section ? `S${at.section}` : "", at.tier ? `T${at.tier}` : ""].join(" ").trim(),
    indicatorTitle: (at) => `indicator: aisle ${at.aisle}, face ${at.face ?? "?"}, section ${at.section ?? "?"}, tier ${at.tier ?? "?"}`,
    operatingEnd: "front",
    staleSince: (time) => `picture of ${time}`,
    staleNoTime: "picture out of date",
    filled: (percent) => `${percent}% used`,
    hit: "holds a search hit",
    done: (percent) => `${percent}%`,
  },
};

/** A moment as a time of day, in the zone that the page names (`<html data-zone>`), else that of the browser. */
export function sayTime(moment, lang) {
  const timeZone = document.documentElement.dataset.zone || undefined;
  return moment.toLocaleTimeString(lang, { hour12: false, timeZone });
}

/** The words of `lang`; anything but English reads Chinese. */
export function wordsFor(lang) {
  return String(lang).toLowerCase().startsWith("en") ? WORDS.en : WORDS["zh-CN"];
}
