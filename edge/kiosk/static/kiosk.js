/** The kiosk's page: replaces rendered pieces as they come, passes presses on, sounds, keeps the screen awake. */
import { Live } from "/ui/live.js";
import { Plan } from "/ui/plan.js";
import { Keypad } from "/kiosk/keypad.js";
import { countDown, Panels } from "/kiosk/panels.js";
import { soundAnswer, soundSiren, wakeSound } from "/kiosk/sound.js";

const SILENCE_LIMIT_MS = 4_000; // the stream beats every second: longer silence is a broken one
const PIECES = ["head", "banners", "prompt", "answer", "tabs", "climates", "acts", "side", "operations", "queue"];

const find = (selector) => document.querySelector(selector);
const keypad = new Keypad(find("#keypad"), send);
const panels = new Panels();
const plans = new Map();
for (const svg of document.querySelectorAll("svg[data-bank]")) {
  const { bank } = svg.dataset;
  const onSelect = ({ column, face, aisle }) => panels.chooseAisle(bank, aisle ?? (face === "A" ? column - 1 : column));
  plans.set(bank, new Plan(svg, { textPx: 20, sections: 4, depthMm: 1900, fill: true, heading: true, onSelect }));
}

let heardAt = Date.now();
let pulse = JSON.parse(document.body.dataset.pulse);
let promptSince = Date.now();
let promptLasts = pulse.remaining_ms;

// A finger that is down presses what it sees: a piece under it is replaced only when it has left.
const held = new Map();
let pressed = null;
document.addEventListener("pointerdown", (event) => (pressed = event.target));
for (const over of ["pointerup", "pointercancel"]) {
  document.addEventListener(over, () => setTimeout(releasePieces, 50));
}

function releasePieces() {
  pressed = null;
  const waiting = [...held];
  held.clear();
  for (const [name, html] of waiting) replacePiece(name, html);
}

/** Puts a rendered piece in place; the focus stays where it was if its element is still there. */
function replacePiece(name, html) {
  const holder = document.getElementById(name);
  if (pressed && holder.contains(pressed) && name !== "prompt") {
    held.set(name, html);
    return;
  }
  const focused = holder.contains(document.activeElement) ? markFocus(holder) : null;
  holder.innerHTML = html;
  panels.settle();
  trimRows();
  if (focused) findFocus(holder, focused)?.focus();
  countDown();
  showClock();
}

/** Nothing scrolls and nothing is cut in two: rows for which there is no room are left out, the oldest first. */
function trimRows() {
  for (const holder of document.querySelectorAll(".acts, .side")) {
    const rows = [...holder.querySelectorAll(".row, .state")];
    for (const row of rows) row.hidden = false;
    const end = holder.getBoundingClientRect().bottom;
    for (const row of rows.reverse()) row.hidden = row.getBoundingClientRect().bottom > end;
  }
}

/** What tells the focused element from its neighbours: its id, or its name and value. */
function markFocus(holder) {
  const { id, name, value } = document.activeElement;
  const alike = [...holder.querySelectorAll("button, a, select")];
  return { id, name, value, place: alike.indexOf(document.activeElement) };
}

function findFocus(holder, { id, name, value, place }) {
  if (id) return document.getElementById(id);
  const alike = [...holder.querySelectorAll("button, a, select")];
  return alike.find((each) => name && each.name === name && each.value === value) ?? alike[place];
}

function hearPulse(next) {
  if (next.answer > pulse.answer) soundAnswer(next.sound, next.speech, next.speech_language);
  soundSiren(next.siren);
  if (next.pin_of !== pulse.pin_of) next.pin_of ? keypad.askPin(next.pin_of) : keypad.leavePin();
  if (next.prompt !== pulse.prompt || next.bank !== pulse.bank) {
    panels.showBank(next.bank);
    if (next.prompt) panels.close();
  }
  if (next.prompt !== pulse.prompt || next.moving !== pulse.moving || (next.remaining_ms ?? 0) > promptLasts) promptLasts = next.remaining_ms;
  promptSince = Date.now();
  pulse = next;
  showClock();
}

/** The bar under the prompt: what is left of its life, or of the way. Never longer than the core said. */
function showClock() {
  const bar = find(".prompt-clock-bar");
  if (!bar) return;
  const left = pulse.remaining_ms === null ? 0 : Math.max(0, pulse.remaining_ms - (Date.now() - promptSince));
  bar.style.width = promptLasts ? `${(100 * left) / promptLasts}%` : "0";
}

/** Posts a press. The view tells what became of it; here only a press that didn't arrive is told. */
async function send(act, fields) {
  try {
    const answer = await fetch(`/api/${act}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    return answer.ok;
  } catch {
    live.breakOff();
    return false;
  }
}

const handlers = Object.fromEntries(PIECES.map((name) => [name, (html) => replacePiece(name, html)]));
const live = new Live("/stream", {
  banner: find("#broken"),
  events: {
    ...handlers,
    pulse: hearPulse,
    bank: (view) => plans.get(view.bank)?.show(view),
    beat: () => {},
  },
  onBroken: (since) => plans.forEach((plan) => plan.markStale(since.toISOString())),
  onRestored: () => plans.forEach((plan) => plan.markFresh()),
});

setInterval(() => {
  heardAt = live.heardAt.getTime();
  if (Date.now() - heardAt > SILENCE_LIMIT_MS) live.breakOff();
  showClock();
  countDown();
}, 200);

/** Forms become posts by script; without script they stay plain forms. */
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(form));
  if (event.submitter?.name) fields[event.submitter.name] = event.submitter.value;
  if (form.dataset.act === "confirm") restPress(event.submitter);
  if (form.dataset.act === "operate") panels.close();
  send(form.dataset.act, fields);
});

/** One press, one post: a second tap of the same finger must not answer the next prompt. */
function restPress(button) {
  if (!button) return;
  button.disabled = true;
  setTimeout(() => (button.disabled = false), 1_500);
}

/** Stop goes at the first touch, not when the finger leaves. */
find("#stop").addEventListener("pointerdown", () => {
  send("stop", {});
  find("#stop").classList.add("is-sent");
  setTimeout(() => find("#stop").classList.remove("is-sent"), 1_500);
});

find("#open-keypad").addEventListener("click", (event) => {
  event.preventDefault();
  keypad.askCode();
});

document.addEventListener("pointerdown", wakeSound, { once: true });
new ResizeObserver(trimRows).observe(find(".lower"));

/** The screen never sleeps while the page is shown. */
async function keepAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", keepAwake);
keepAwake();
if (pulse.pin_of) keypad.askPin(pulse.pin_of);
