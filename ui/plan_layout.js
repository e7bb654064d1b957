/** Where columns and aisles stand in millimetres, worked out of a bank view. Pure: no document, no clock. Nothing is invented: what is not reported stays where it was last seen. */

const LEFT_FACES = new Set(["A", "左"]);

/** Whether column 1 stands at the right end of the drawing. */
export function isMirrored(view) {
  return view.numbered_from === "right";
}

/** Whether the controller knows open and closed only: then nothing travels in the drawing, and no width is told. */
export function hasContactsOnly(view) {
  return view.positions === "contacts";
}

/** "left" or "right": the side of the column on which a face looks. Face A looks at the aisle of the lower number, face B at the other. */
export function faceSide(face, view) {
  return LEFT_FACES.has(face) !== isMirrored(view) ? "left" : "right";
}

/** Width in mm that the gaps of the bank share. */
export function freeWidth(view) {
  return Math.max(0, view.rail_mm - view.columns.reduce((sum, column) => sum + column.width_mm, 0));
}

/**
 * Left edges of the columns in mm, by column number. A column without a reported position stands where it stood (`before`) while its bank
 * moves, else where the contacts put it: behind its neighbour and the aisle between them.
 */
export function placeColumns(view, before) {
  const places = new Map();
  const keeps = isInMotion(view);
  let cursor = 0;
  for (const column of view.columns) {
    let x = cursor;
    const told = typeof column.x_mm === "number" && !(keeps && hasContactsOnly(view));
    const turn = (left) => (isMirrored(view) ? view.rail_mm - left - column.width_mm : left);
    if (told) x = column.x_mm;
    else if (keeps && before?.has(column.no)) x = turn(before.get(column.no));
    places.set(column.no, turn(x));
    cursor = x + column.width_mm + contactGap(view, column.no);
  }
  return places;
}

function contactGap(view, no) {
  const aisle = view.aisles.find((each) => each.no === no);
  if (!aisle) return 0;
  if (typeof aisle.width_mm === "number") return aisle.width_mm;
  return aisle.open ? freeWidth(view) : 0;
}

/** The span {x, width} in mm of each aisle, by aisle number, for the given column places. */
export function spanAisles(view, places) {
  const spans = new Map();
  const byNumber = new Map(view.columns.map((column) => [column.no, column]));
  const [before, behind] = isMirrored(view) ? [1, 0] : [0, 1];
  for (const aisle of view.aisles) {
    const left = byNumber.get(aisle.no + before);
    const start = left ? places.get(left.no) + left.width_mm : 0;
    const end = byNumber.has(aisle.no + behind) ? places.get(aisle.no + behind) : view.rail_mm;
    spans.set(aisle.no, { x: start, width: Math.max(0, end - start) });
  }
  return spans;
}

/** About how wide a text is: Han characters are as wide as they are high, others half of it. */
function textWidth(text, size) {
  return [...text].reduce((sum, each) => sum + (each.codePointAt(0) > 0x2e80 ? 1 : 0.58), 0) * size;
}

/**
 * What is written below each aisle, and where, so that nothing lies upon each other or beyond the ends: {no, middle, rank, texts} with the
 * longest text first. A lower rank is written first; whoever comes later takes a shorter text, or none.
 */
export function spreadLabels(labels, size, [start, end]) {
  const taken = [];
  const written = new Map();
  for (const { no, middle, texts } of [...labels].sort((one, other) => one.rank - other.rank || one.no - other.no)) {
    const places = texts.map((text) => {
      const half = textWidth(text, size) / 2;
      const x = Math.min(Math.max(middle, start + half), end - half);
      return { text, x, from: x - half, to: x + half };
    });
    const free = places.find(({ from, to }) => taken.every((other) => to + size / 3 <= other.from || from >= other.to + size / 3));
    if (free) taken.push(free);
    written.set(no, free ?? { text: "", x: middle });
  }
  return written;
}

/** Whether steel moves, or is about to, by the report. */
export function isInMotion(view) {
  return view.state === "moving" || view.state === "settling";
}

/** "open", "closed", "between": some gap that is none of both; "unknown": nobody has told, so nothing is claimed. */
export function gapState(aisle, view) {
  if (aisle.open) return "open";
  if (view.state === "unknown" || aisle.gap === "unknown" || (!aisle.gap && typeof aisle.width_mm !== "number")) return "unknown";
  return aisle.gap === "closed" || aisle.width_mm === 0 ? "closed" : "between";
}

/** The end of the rails that no column closes, in mm; null when a fixed column stands at either end. */
export function endStop(view) {
  if (view.columns.at(-1)?.fixed) return null;
  return isMirrored(view) ? 0 : view.rail_mm;
}

/** Numbers of the columns that travel: all between the aisle that opens and those that close. */
export function movingColumns(view) {
  const moving = new Set();
  if (!isInMotion(view)) return moving;
  if (view.target_aisle === null || view.target_aisle === undefined) {
    // the whole bank is under way: closing, spreading, parking, homing
    for (const column of view.columns) if (!column.fixed) moving.add(column.no);
    return moving;
  }
  for (const closing of view.closing_aisles ?? []) {
    const from = Math.min(closing, view.target_aisle);
    const to = Math.max(closing, view.target_aisle);
    for (const column of view.columns) if (column.no > from && column.no <= to && !column.fixed) moving.add(column.no);
  }
  return moving;
}

/** The column number and side that an indicator lights, or null when its face is not known. */
export function indicatorFace(view) {
  const at = view.indicator;
  if (!at || !at.face) return null;
  return { column: LEFT_FACES.has(at.face) ? at.aisle + 1 : at.aisle, side: faceSide(at.face, view) };
}

/** Positions between `from` and `to`; `share` 0..1 never exceeds 1, so the picture is never ahead of the report. */
export function interpolate(from, to, share) {
  const bounded = Math.min(1, Math.max(0, share));
  const places = new Map();
  for (const [no, x] of to) places.set(no, from.has(no) ? from.get(no) + (x - from.get(no)) * bounded : x);
  return places;
}
