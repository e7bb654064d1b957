/** What every page gets from script: "/" goes to the search box, and the figure of reminders stays true. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector(".top-search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

/* Only while the page is seen: a browser keeps six connections to a place, and tabs are many. */
const bell = document.querySelector(".is-reminders[data-live]");
const CLOSED_PAUSE_MS = 5_000;
let figures = null;
let heardAt = new Date();
const bellTitle = bell?.title;

/* Stale must look stale: the figure is greyed and says of when it is. */
function markFigures(broken) {
  bell.classList.toggle("is-stale", broken);
  const time = heardAt.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: document.documentElement.dataset.zone });
  bell.title = broken ? bell.dataset.broken.replace("{time}", time) : bellTitle;
}

function noteHeard() {
  heardAt = new Date();
  markFigures(false);
}

function noteBroken() {
  markFigures(true);
  // after a refusal the browser gives up for good: knock again ourselves
  if (figures?.readyState === EventSource.CLOSED) window.setTimeout(followFigures, CLOSED_PAUSE_MS);
}

function showFigures(event) {
  const { total, kinds } = JSON.parse(event.data);
  bell.querySelector("b").textContent = total;
  bell.classList.toggle("has-some", total > 0);
  for (const figure of document.querySelectorAll("[data-reminder]"))
    if (figure.dataset.reminder in kinds) figure.textContent = kinds[figure.dataset.reminder];
}

function followFigures() {
  figures?.close();
  figures = null;
  if (!bell || document.hidden) return;
  figures = new EventSource(bell.dataset.live);
  figures.addEventListener("reminders", showFigures);
  for (const name of ["open", "reminders", "beat"]) figures.addEventListener(name, noteHeard);
  figures.addEventListener("error", noteBroken);
}

document.addEventListener("visibilitychange", followFigures);
addEventListener("pagehide", () => figures?.close());
followFigures();
