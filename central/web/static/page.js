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
let figures = null;

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
}

document.addEventListener("visibilitychange", followFigures);
addEventListener("pagehide", () => figures?.close());
followFigures();
