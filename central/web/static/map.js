/** The room map alive: banks from the page's own data, then from its one event stream; faces open in the panel without a new page. */
import { Live } from "/ui/live.js";
import { Plan } from "/ui/plan.js";
import { sayTime } from "/ui/plan_words.js";

const map = document.querySelector("[data-map]");
const panel = document.querySelector("#panel");
const banner = document.querySelector("#live-banner");
const language = document.documentElement.lang;
const banks = new Map();
const equipment = JSON.parse(map.dataset.equipment);
const SVG = "http://www.w3.org/2000/svg";

function addressOf(bank, selection) {
  const address = new URL(window.location.href);
  address.hash = "";
  for (const name of ["bank", "column", "face", "aisle", "section", "tier"]) address.searchParams.delete(name);
  address.searchParams.set("bank", bank);
  if (selection.kind === "face") {
    address.searchParams.set("column", selection.column);
    address.searchParams.set("face", selection.face);
  } else address.searchParams.set("aisle", selection.aisle);
  return address.pathname + address.search;
}

/** Fetches a page of this map and puts its panel in place of the shown one; a failure falls back to a plain visit. */
async function openPanel(address, { push = true } = {}) {
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#panel");
    if (!answer.ok || !fresh) throw new Error("no panel in the answer");
    panel.replaceChildren(...fresh.childNodes);
    panel.scrollTop = 0;
    for (const { view } of banks.values()) if (view) readAisles(view);
    if (push) window.history.pushState({}, "", address);
  } catch {
    window.location.assign(address);
  }
}

function readState(element, view) {
  const words = JSON.parse(map.dataset.states);
  const word = words[view.state] ?? words.unknown;
  const state = element.querySelector(".bank-state");
  state.className = `bank-state state tone-${word.tone}`;
  state.querySelector("use").setAttribute("href", `/static/icons.svg#${word.icon}`);
  state.querySelector(".word").textContent = word.text;
  const time = element.querySelector(".as-of time");
  if (time && view.as_of) {
    time.dateTime = view.as_of;
    time.textContent = sayTime(new Date(view.as_of), language);
  }
}

function signElement(kind, word, text) {
  const item = document.createElement("li");
  item.className = word ? `${kind} tone-${word.tone}` : kind;
  if (word) {
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("class", "icon");
    icon.setAttribute("aria-hidden", "true");
    icon.append(document.createElementNS(SVG, "use"));
    icon.firstChild.setAttribute("href", `/static/icons.svg#${word.icon}`);
    item.append(icon);
  }
  for (const [name, said] of [["", text], ["word", word?.text ?? ""]]) {
    if (!said) continue;
    const span = document.createElement("span");
    span.className = name;
    span.textContent = said;
    item.append(span, " ");
  }
  return item;
}

/** The rows of one report: the same rules as list_signs and show_climate of equipment.py. */
function listEquipment(view, { words, signs, measures }) {
  const told = [...(view.hazards ?? []), ...(view.faults ?? []), ...(view.door_open === true ? ["door_open"] : [])];
  const known = new Set(told.map((code) => (signs.includes(code) ? code : "other")));
  const rows = signs.filter((code) => known.has(code)).map((code) => ["sign", words[code], ""]);
  const air = view.climate ?? {};
  for (const { name, band, out, sentence, short } of measures) {
    if (!Number.isInteger(air[name])) continue;
    const over = out.find((kind) => (air.out ?? []).includes(kind));
    const [low, high] = air[band] ?? [];
    const text = Number.isInteger(low) && Number.isInteger(high) ? sentence : short;
    const facts = { value: air[name], low, high };
    const said = text.replace(/\{(\w+)\}/g, (_, fact) => String(facts[fact] / 10));
    rows.push(["air", text === sentence || over ? words[over ?? ""] : null, said]);
  }
  return rows;
}

/** Tells air and dangers anew, but only when they changed: a list that is read aloud must not repeat itself. */
function readEquipment(element, view) {
  const rows = listEquipment(view, equipment);
  const list = element.querySelector(".bank-signs");
  const meaning = JSON.stringify(rows);
  if (list.dataset.meaning === meaning) return;
  list.dataset.meaning = meaning;
  list.replaceChildren(...rows.map((row) => signElement(...row)));
}

/** How an aisle stands by a report; the same rule as find_aisle_state of panel.py. */
function aisleState(view, aisle) {
  if (view.stale || view.state === "unknown" || view.state === "offline") return "unknown";
  if (view.state === "moving" || view.state === "settling") {
    if (view.target_aisle === aisle.no) return "opening";
    if ((view.closing_aisles ?? []).includes(aisle.no)) return "closing";
  }
  if (aisle.open) return "open";
  return aisle.gap === "between" ? "between" : "closed";
}

/** Brings the lists beside the drawing in step with a report. */
function readAisles(view) {
  const words = JSON.parse(map.dataset.aisles);
  for (const aisle of view.aisles) {
    const word = words[aisleState(view, aisle)];
    for (const element of panel.querySelectorAll(`[data-aisle="${view.bank}-${aisle.no}"]`)) {
      element.className = `tone-${word.tone}`;
      element.textContent = word.text;
    }
  }
}

function showBank(view) {
  const known = banks.get(view.bank);
  if (!known) return;
  known.plan.show(view);
  known.element.dataset.state = view.state;
  known.view = view;
  readState(known.element, view);
  readAisles(view);
  readEquipment(known.element, view);
}

for (const element of map.querySelectorAll("[data-bank]")) {
  const bank = element.dataset.bank;
  const svg = element.querySelector("svg[data-plan]");
  const plan = new Plan(svg, {
    lang: language,
    textPx: 13,
    heading: false,
    sections: Number(element.dataset.sections),
    depthMm: Number(element.dataset.sections) * 900,
    href: (selection) => addressOf(bank, selection),
    onSelect: (selection) => openPanel(addressOf(bank, selection)),
  });
  banks.set(bank, { plan, element });
  svg.closest(".bank-plan").hidden = false;
  plan.show(JSON.parse(element.dataset.view));
  plan.fill(JSON.parse(element.dataset.fills));
  plan.flash(JSON.parse(element.dataset.hits));
}

panel.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-panel]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  openPanel(link.getAttribute("href"));
});
window.addEventListener("popstate", () => openPanel(window.location.href, { push: false }));

const live = new Live(map.dataset.live, {
  lang: language,
  banner,
  events: {
    bank: showBank,
    beat: () => {},
  },
  onBroken: (at) => banks.forEach(({ plan }) => plan.markStale(at.toISOString())),
  onRestored: () => banks.forEach(({ plan }) => plan.markFresh()),
});
window.addEventListener("pagehide", () => live.source.close());
