/**
 * Plan view of a bank, to scale, as accessible SVG. `new Plan(svg, options).show(bankView)`; the bank view is the JSON of the state topic.
 * Columns slide from one report to the next and are never shown ahead of the newest; what is stale or unknown looks so.
 *
 * Options: lang; onSelect({kind: "face"|"aisle", column, face, aisle}); href(selection) -> address, makes each shape a link;
 * textPx (smallest text on screen, 14), sections (4), depthMm (3600), fill (false; true where the page
 * gives the drawing a height: it is then shortened across the rails, never along them), heading (true: name and state are drawn above).
 */
import { endStop, faceSide, gapState, hasContactsOnly, indicatorFace, interpolate, isInMotion, isMirrored, movingColumns, placeColumns, spanAisles, spreadLabels } from "./plan_layout.js";
import { sayTime, wordsFor } from "./plan_words.js";

const SVG = "http://www.w3.org/2000/svg";
const SLIDE_LIMIT_MS = 700;
const STRIPE_MM_S = 160;
const HIT_MM = 70;
// lines of small text above and below the drawing
const TOP_LINES = 2.4;
const BOTTOM_LINES = 2;
const PAD_MM = 60;
const SHORTEST_MM = 450;
const PERSON = "M-70-230a70 70 0 1 0 140 0a70 70 0 1 0-140 0M-130 20c0-110 50-160 130-160s130 50 130 160v90h-70v190h-120v-190h-70z";
const PERSON_MM = 610; // how tall the sign of a person is
const LOCK = "M-110-20h220v190h-220zM-70-20v-70a70 70 0 0 1 140 0v70h-40v-66a30 30 0 0 0-60 0v66z";

let instances = 0;

function make(name, attributes = {}, parent = null) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

/** Loads plan.css beside this module unless the page has done so. */
function ensureStyles() {
  const href = new URL("./plan.css", import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
  if (document.querySelector(`link[href="${href}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
}

export class Plan {
  constructor(svg, options = {}) {
    this.svg = svg;
    this.options = { lang: document.documentElement.lang || "zh-CN", textPx: 14, sections: 4, depthMm: 3600, fill: false, heading: true, ...options };
    this.words = wordsFor(this.options.lang);
    this.id = `plan-${(instances += 1)}`;
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.view = null;
    this.shape = null;
    this.shown = new Map();
    this.slide = null;
    this.hits = [];
    this.fills = {};
    this.frame = 0;
    ensureStyles();
    svg.classList.add("plan");
    new ResizeObserver(() => this.resize()).observe(svg);
  }

  /** Draws a bank view; slides there from what is shown when the bank moves. */
  show(view) {
    const now = performance.now();
    const sinceLast = this.shownAt === undefined ? 0 : now - this.shownAt;
    this.shownAt = now;
    const wasInMotion = this.view !== null && isInMotion(this.view);
    this.view = view;
    const shape = JSON.stringify([view.bank, view.rail_mm, view.numbered_from, view.columns.map((c) => [c.no, c.fixed, c.width_mm, c.faces]), view.aisles.length]);
    if (shape !== this.shape) this.build(shape);
    const target = placeColumns(view, this.shown);
    const slides = (isInMotion(view) || wasInMotion) && this.shown.size > 0 && !this.calm.matches && !hasContactsOnly(view);
    this.slide = { from: new Map(this.shown), to: target, at: now, lasts: slides ? Math.min(sinceLast, SLIDE_LIMIT_MS) : 0 };
    this.describe();
    this.tick(now);
  }

  /** Greys the picture and writes since when it is old; `at` is an ISO instant or null. */
  markStale(at) {
    this.stale = { at };
    this.describeStaleness();
  }

  /** Takes the grey away again. */
  markFresh() {
    this.stale = null;
    this.describeStaleness();
  }

  /** Marks faces that hold search hits: [{column, face}]. */
  flash(hits) {
    this.hits = hits;
    if (this.view) this.describeLayers();
  }

  /** Layer "occupancy": share 0..1 of used places by "column-face", e.g. {"7-A": 0.63}; {} takes the layer off. */
  fill(shares) {
    this.fills = shares;
    if (this.view) this.describeLayers();
  }

  // -- building ---------------------------------------------------------------------------------------------------------------

  build(shape) {
    this.shape = shape;
    this.shown = new Map();
    const { view, options } = this;
    this.depth = this.findDepth();
    this.svg.replaceChildren();
    this.title = make("title", { id: `${this.id}-title` }, this.svg);
    this.svg.setAttribute("role", options.onSelect || options.href ? "group" : "img");
    this.svg.setAttribute("aria-labelledby", `${this.id}-title`);
    this.buildPatterns();
    this.world = make("g", { class: "world" }, this.svg);
    make("rect", { class: "floor", x: 0, y: 0, width: view.rail_mm, height: this.depth }, this.world);
    for (const share of [0.12, 0.5, 0.88]) {
      make("line", { class: "rail", x1: 0, x2: view.rail_mm, y1: this.depth * share, y2: this.depth * share }, this.world);
    }
    const stop = endStop(view);
    if (stop !== null) make("rect", { class: "end-stop", x: stop === 0 ? -36 : stop, y: 0, width: 36, height: this.depth }, this.world);
    this.aisles = new Map(view.aisles.map((aisle) => [aisle.no, this.buildAisle(aisle)]));
    this.columns = new Map(view.columns.map((column) => [column.no, this.buildColumn(column)]));
    this.lamp = make("g", { class: "lamp" }, this.world);
    this.edge = make("rect", { class: "edge-fault", x: 0, y: 0, width: view.rail_mm, height: this.depth }, this.svg);
    this.heading = make("text", { class: "plan-heading", x: 0 }, this.svg);
    this.note = make("text", { class: "plan-note", x: view.rail_mm }, this.svg);
    this.front = make("text", { class: "plan-front", x: 0 }, this.world);
    this.fit();
  }

  buildPatterns() {
    const defs = make("defs", {}, this.svg);
    const turned = { patternUnits: "userSpaceOnUse", width: 120, height: 120 };
    for (const kind of ["closing", "unknown", "unsure", "between"]) {
      const angle = kind === "closing" ? 45 : -45;
      const pattern = make("pattern", { id: `${this.id}-${kind}`, class: `hatch-${kind}`, ...turned, patternTransform: `rotate(${angle})` }, defs);
      make("line", { x1: 0, y1: 0, x2: 0, y2: 120 }, pattern);
    }
    this.stripe = make("pattern", { id: `${this.id}-stripe`, class: "stripe-moving", ...turned, width: 180 }, defs);
    make("rect", { x: 0, y: 0, width: 90, height: 120 }, this.stripe);
  }

  /** A group that can be chosen: a link, a button, or (without callback and address) a plain shape; with its text title first. */
  buildTarget(selection, parent, attributes) {
    const { onSelect, href } = this.options;
    const address = href ? href(selection) : null;
    const node = make(address ? "a" : "g", attributes, parent);
    if (address) node.setAttribute("href", address);
    else if (onSelect) {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
    } else node.setAttribute("role", "img");
    const title = make("title", {}, node);
    if (onSelect) {
      const choose = (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        onSelect(selection);
      };
      node.addEventListener("click", choose);
      node.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && choose(event));
    }
    return { node, title };
  }

  buildColumn(column) {
    const group = make("g", { class: "column" }, this.world);
    const size = { y: 0, height: this.depth };
    make("rect", { class: "column-body", x: 0, width: column.width_mm, ...size }, group);
    for (let section = 1; section < this.options.sections; section += 1) {
      const y = this.depth - (this.depth * section) / this.options.sections;
      make("line", { class: "section-line", x1: 0, x2: column.width_mm, y1: y, y2: y }, group);
    }
    const middle = column.width_mm / 2;
    if (column.faces.length > 1) make("line", { class: "column-spine", x1: middle, x2: middle, y1: 0, y2: this.depth }, group);
    const stripe = make("rect", { class: "column-stripe", x: 0, width: column.width_mm, fill: "none", ...size }, group);
    const hatch = make("rect", { class: "column-hatch", x: 0, width: column.width_mm, fill: "none", ...size }, group);
    const faces = new Map(column.faces.map((face) => [face, this.buildFace(column, face, group)]));
    const number = make("text", { class: "column-number", x: middle, "aria-hidden": "true", "pointer-events": "none" }, group);
    number.textContent = column.no;
    return { group, stripe, hatch, faces, number };
  }

  buildFace(column, face, group) {
    const half = column.width_mm / 2;
    const alone = column.faces.length === 1;
    const left = faceSide(face, this.view) === "left";
    const x = left ? 0 : half;
    const selection = { kind: "face", column: column.no, face, aisle: null };
    const fill = make("rect", { class: "face-fill", x, width: half, y: this.depth, height: 0 }, group);
    const hit = make("rect", { class: "face-hit", x: x + (left ? 0 : half - HIT_MM), width: HIT_MM, y: 0, height: this.depth }, group);
    const { node, title } = this.buildTarget(selection, group, { class: "face" });
    make("rect", { class: "face-target", x: alone ? 0 : x, width: alone ? column.width_mm : half, y: 0, height: this.depth }, node);
    const name = make("text", { class: "face-name", x: x + half / 2, "aria-hidden": "true", "pointer-events": "none" }, group);
    name.textContent = face;
    return { node, title, fill, hit, name };
  }

  buildAisle(aisle) {
    const selection = { kind: "aisle", column: null, face: null, aisle: aisle.no };
    const { node, title } = this.buildTarget(selection, this.world, { class: "aisle" });
    const floor = make("rect", { class: "aisle-floor", y: 0, height: this.depth }, node);
    const hatch = make("rect", { class: "aisle-hatch", y: 0, height: this.depth, fill: "none", "pointer-events": "none" }, node);
    const text = { "aria-hidden": "true", "pointer-events": "none" };
    const number = make("text", { class: "aisle-number", ...text }, node);
    const width = make("text", { class: "aisle-width", ...text }, node);
    const person = make("path", { class: "aisle-mark mark-person", d: PERSON, visibility: "hidden" }, node);
    const lock = make("path", { class: "aisle-mark mark-lock", d: LOCK, visibility: "hidden" }, node);
    const word = make("text", { class: "mark-word", ...text }, node);
    return { node, title, floor, hatch, number, width, person, lock, word };
  }

  /** Sets view box and text sizes, so that text keeps its size on screen whatever the scale. */
  fit() {
    const { view, options } = this;
    const pad = PAD_MM;
    const small = options.textPx * this.findScale();
    this.text = { small, large: small * 1.5 };
    const top = options.heading ? small * TOP_LINES : pad;
    const bottom = small * BOTTOM_LINES;
    this.svg.setAttribute("viewBox", `${-pad} ${-top} ${view.rail_mm + 2 * pad} ${this.depth + top + bottom}`);
    this.svg.style.fontSize = `${small}px`;
    this.heading.setAttribute("y", -small * 0.9);
    this.note.setAttribute("y", -small * 0.9);
    this.front.setAttribute("y", this.depth + small * 1.4);
    // Beside the number of the first aisle there is room for it only on a wide drawing.
    this.front.textContent = !isMirrored(view) && view.columns[0].width_mm > small * 4.2 ? this.words.operatingEnd : "";
    for (const column of this.columns.values()) {
      column.number.setAttribute("y", this.depth / 2 + small * 0.5);
      column.number.style.fontSize = `${this.text.large}px`;
      for (const face of column.faces.values()) {
        face.name.setAttribute("y", small * 1.5);
        // on a flat drawing the number needs the place
        face.name.setAttribute("visibility", this.depth < small * 4.5 ? "hidden" : "visible");
      }
    }
    for (const aisle of this.aisles.values()) {
      aisle.number.setAttribute("y", this.depth + small * 1.4);
      aisle.width.setAttribute("y", this.depth - small * 0.6);
    }
    this.place();
  }

  /** Depth drawn, in mm. With `fill` it is what the height of the place allows; along the rails the drawing stays to scale. */
  findDepth() {
    const { depthMm, fill, heading, textPx } = this.options;
    const whole = this.view.depth_mm ?? depthMm;
    if (!fill) return whole;
    const room = this.svg.clientHeight - textPx * ((heading ? TOP_LINES : 0) + BOTTOM_LINES);
    return Math.min(whole, Math.max(SHORTEST_MM, Math.round(room * this.findScale())));
  }

  /** Millimetres per pixel on screen. */
  findScale() {
    return (this.view.rail_mm + 2 * PAD_MM) / (this.svg.clientWidth || 960);
  }

  resize() {
    if (!this.view) return;
    if (this.findDepth() === this.depth) this.fit();
    else {
      this.shape = null;
      this.show(this.view);
    }
  }

  // -- moving -----------------------------------------------------------------------------------------------------------------

  tick(now) {
    cancelAnimationFrame(this.frame);
    const { from, to, at, lasts } = this.slide;
    const share = lasts > 0 ? (now - at) / lasts : 1;
    this.shown = interpolate(from, to, share);
    const stripes = isInMotion(this.view) && !this.calm.matches && !this.stale && !this.view.stale;
    if (stripes) this.stripe.setAttribute("patternTransform", `skewX(-30) translate(${((now / 1000) * STRIPE_MM_S) % 180} 0)`);
    this.place();
    if (share < 1 || stripes) this.frame = requestAnimationFrame((time) => this.tick(time));
  }

  /** Puts shapes where `shown` says. */
  place() {
    if (this.shown.size === 0) return;
    for (const [no, x] of this.shown) this.columns.get(no)?.group.setAttribute("transform", `translate(${x} 0)`);
    const spans = spanAisles(this.view, this.shown);
    for (const [no, span] of spans) {
      const aisle = this.aisles.get(no);
      const middle = span.x + span.width / 2;
      for (const rect of [aisle.floor, aisle.hatch]) {
        rect.setAttribute("x", span.x);
        rect.setAttribute("width", span.width);
      }
      for (const text of [aisle.width, aisle.word]) text.setAttribute("x", middle);
      const marks = this.findMarks(no, aisle.node.classList.contains("is-unknown"));
      aisle.person.setAttribute("transform", `translate(${middle} ${marks.person}) scale(${marks.scale})`);
      aisle.word.setAttribute("y", marks.word);
      aisle.lock.setAttribute("transform", `translate(${middle} ${this.depth * 0.16})`);
      const room = marks.leavesWidth && span.width >= this.text.small * 4.5;
      aisle.width.textContent = !room ? "" : hasContactsOnly(this.view) ? this.words.gap[aisle.gap] : this.words.width(Math.round(span.width / 10) * 10);
    }
    this.placeLabels(spans);
    this.placeLamp();
  }

  /** Writes what stands below the aisles: in full where there is room, else the number alone. */
  placeLabels(spans) {
    const labels = [...this.aisles].map(([no, { texts, rank }]) => ({ no, texts, rank, middle: spans.get(no).x + spans.get(no).width / 2 }));
    const written = spreadLabels(labels, this.text.small, [-PAD_MM, this.view.rail_mm + PAD_MM]);
    for (const [no, { number }] of this.aisles) {
      const { text, x } = written.get(no);
      if (number.textContent !== text) number.textContent = text;
      number.setAttribute("x", x);
    }
  }

  /** Where in an aisle person and word stand, how big the person is, and whether its width may be written below. */
  findMarks(no, wordAlone) {
    const { depth } = this;
    const { small } = this.text;
    const shape = this.aisles.get(no);
    const marked = Boolean(shape.word.textContent);
    const leavesWidth = !marked || depth > small * 7;
    if (wordAlone) return { person: 0, scale: 1, word: depth / 2, leavesWidth };
    const at = this.view.indicator;
    if (at && at.aisle === no) {
      // The half in which the indicator isn't lit.
      const middle = depth * ((at.section ?? 1) > this.options.sections / 2 ? 0.7 : 0.28);
      const scale = Math.min(1, (depth * 0.4) / PERSON_MM);
      return { person: middle, scale, word: middle + (PERSON_MM * scale) / 2 + small, leavesWidth };
    }
    const top = small * 0.3;
    const scale = Math.max(0.2, Math.min(1, (depth - top - small * (leavesWidth ? 3.2 : 1.4)) / PERSON_MM));
    const foot = top + PERSON_MM * scale;
    return { person: (top + foot) / 2, scale, word: foot + small, leavesWidth };
  }

  placeLamp() {
    const at = this.view.indicator;
    const lit = indicatorFace(this.view);
    this.lamp.replaceChildren();
    if (!lit || !this.shown.has(lit.column)) return;
    const column = this.view.columns.find((each) => each.no === lit.column);
    const section = at.section ?? 1;
    const height = this.depth / this.options.sections;
    const y = this.depth - height * section;
    const edge = this.shown.get(lit.column) + (lit.side === "left" ? 0 : column.width_mm);
    make("title", {}, this.lamp).textContent = this.words.indicatorTitle(at);
    const x = lit.side === "left" ? edge - 45 : edge - 60;
    make("rect", { class: "indicator", x, y: y + 30, width: 105, height: height - 60, rx: 40 }, this.lamp);
    const anchor = lit.side === "left" ? "end" : "start";
    const word = make("text", { class: "indicator-word", x: lit.side === "left" ? edge - 80 : edge + 80, y: y + height / 2, "text-anchor": anchor }, this.lamp);
    word.textContent = this.words.indicator(at);
  }

  // -- saying -----------------------------------------------------------------------------------------------------------------

  describe() {
    const { view, words, svg } = this;
    for (const state of ["fault", "offline", "unknown"]) svg.classList.toggle(`is-${state}`, view.state === state);
    svg.classList.toggle("is-fault", view.state === "fault" || (view.faults ?? []).length > 0);
    svg.dataset.state = view.state;
    const state = words.state[view.state] ?? view.state;
    const progress = isInMotion(view) && typeof view.progress === "number" ? ` ${words.done(Math.round(view.progress * 100))}` : "";
    this.acting = view.target_aisle !== null && view.target_aisle !== undefined;
    const acts = view.aisles.map((aisle) => this.describeAisle(aisle)).filter(Boolean);
    this.heading.textContent = this.options.heading ? `${view.name} · ${state}${progress}` : "";
    this.title.textContent = [view.name, state, ...acts].join(", ");
    const moving = movingColumns(view);
    for (const column of view.columns) this.describeColumn(column, moving.has(column.no));
    this.describeLayers();
    this.describeStaleness();
  }

  describeColumn(column, moving) {
    const { words } = this;
    const shape = this.columns.get(column.no);
    const unknown = column.quality === "unknown" || this.view.state === "unknown";
    shape.group.classList.toggle("is-fixed", Boolean(column.fixed));
    shape.group.classList.toggle("is-moving", moving);
    shape.group.classList.toggle("is-inferred", column.quality === "inferred" || column.quality === "contacts");
    shape.stripe.setAttribute("fill", moving ? `url(#${this.id}-stripe)` : "none");
    shape.hatch.setAttribute("fill", unknown && !column.fixed ? `url(#${this.id}-unknown)` : "none");
    const how = [moving ? words.columnMoving : "", unknown && !column.fixed ? words.positionUnknown : ""].filter(Boolean);
    shape.how = how;
  }

  /** Dresses one aisle; returns its sentence when it is worth saying in the title of the whole. */
  describeAisle(aisle) {
    const { view, words } = this;
    const shape = this.aisles.get(aisle.no);
    const closing = (view.closing_aisles ?? []).includes(aisle.no);
    const target = view.target_aisle === aisle.no;
    const marked = ["seen", "presumed"].includes(aisle.occupancy) && (aisle.open || aisle.occupancy === "seen" || closing);
    const unknown = aisle.occupancy === "unknown" && (aisle.open || closing);
    shape.gap = gapState(aisle, view);
    const classes = { open: aisle.open, between: shape.gap === "between", closing, target, locked: aisle.locked, unknown, lit: aisle.light };
    for (const [name, on] of Object.entries(classes)) shape.node.classList.toggle(`is-${name}`, Boolean(on));
    for (const name of ["seen", "presumed"]) shape.node.classList.toggle(`is-${name}`, marked && aisle.occupancy === name);
    const between = shape.gap === "between" && hasContactsOnly(view);
    const hatch = closing ? "closing" : unknown ? "unsure" : between ? "between" : null;
    shape.hatch.setAttribute("fill", hatch ? `url(#${this.id}-${hatch})` : "none");
    shape.person.setAttribute("visibility", marked ? "visible" : "hidden");
    shape.lock.setAttribute("visibility", aisle.locked ? "visible" : "hidden");
    shape.word.textContent = marked || unknown ? words.mark[aisle.occupancy] : "";
    const running = isInMotion(view);
    const act = closing ? (running ? words.closing : words.toClose) : target ? (running ? words.target : words.toOpen) : "";
    const number = String(aisle.no);
    shape.texts = act ? [`${words.aisle(aisle.no)} ${act}`, number] : aisle.open ? [words.aisle(aisle.no), number] : this.acting ? [] : [number];
    shape.rank = target ? 0 : closing ? 1 : aisle.open ? 2 : 3;
    const width = hasContactsOnly(view) ? null : aisle.width_mm ?? null;
    const state = act || { open: words.open(width), closed: words.closed, between: words.between(width), unknown: words.gapUnknown }[shape.gap];
    const lock = aisle.locked ? words.locks[aisle.lock] ?? words.locked : "";
    const parts = [words.aisle(aisle.no), state, marked || unknown ? words.occupancy[aisle.occupancy] : "", lock, aisle.light ? words.lit : ""];
    const sentence = parts.filter(Boolean).join(" ");
    shape.title.textContent = sentence;
    shape.node.setAttribute("aria-label", sentence);
    return act || aisle.open || marked || aisle.locked ? sentence : "";
  }

  describeLayers() {
    const { words } = this;
    for (const column of this.view.columns) {
      const shape = this.columns.get(column.no);
      for (const [face, part] of shape.faces) {
        const share = this.fills[`${column.no}-${face}`];
        const hit = this.hits.some((each) => each.column === column.no && each.face === face);
        const height = typeof share === "number" ? this.depth * share : 0;
        part.fill.setAttribute("y", this.depth - height);
        part.fill.setAttribute("height", height);
        part.hit.classList.toggle("is-hit", hit);
        const used = typeof share === "number" ? words.filled(Math.round(share * 100)) : "";
        const sentence = [words.face(column.no, face), ...(shape.how ?? []), used, hit ? words.hit : ""].filter(Boolean).join(", ");
        part.title.textContent = sentence;
        part.node.setAttribute("aria-label", sentence);
      }
    }
  }

  describeStaleness() {
    const stale = Boolean(this.stale) || Boolean(this.view?.stale);
    this.svg.classList.toggle("is-stale", stale);
    if (!this.note) return;
    const at = this.stale?.at ?? this.view?.as_of;
    const time = at ? sayTime(new Date(at), this.options.lang) : null;
    const old = time ? this.words.staleSince(time) : this.words.staleNoTime;
    this.note.textContent = stale ? old : "";
  }
}
