/** Files go up with a bar that shows how far they are and a button that gives up; without script the form sends itself. */
const bars = new WeakMap();

function findBar(form) {
  if (!bars.has(form)) {
    const bar = document.getElementById("upload-bar").content.cloneNode(true).firstElementChild;
    form.after(bar);
    bars.set(form, bar);
  }
  return bars.get(form);
}

function say(bar, what, percent) {
  bar.querySelector("p").textContent = bar.dataset[what].replace("{percent}", percent === undefined ? "" : `${percent}%`);
  const progress = bar.querySelector("progress");
  if (percent === undefined) progress.removeAttribute("value");
  else progress.value = percent;
}

/** The form can be sent again; words say what became of the files. */
function rest(form, bar, what) {
  say(bar, what, 0);
  for (const part of bar.querySelectorAll("progress, button")) part.hidden = true;
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}

function showAnswer(form, bar, request) {
  const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
  if (request.status < 300) location.assign(request.responseURL);
  else if (!main) rest(form, bar, "broken");
  else {
    document.querySelector("main").replaceWith(document.adoptNode(main));
    watchForms();
    const alert = document.querySelector("main [role=alert]");
    alert?.setAttribute("tabindex", "-1");
    alert?.focus();
  }
}

function send(event) {
  const form = event.currentTarget;
  if (!form.querySelector("input[type=file]").files.length) return; // the answer says what is missing
  event.preventDefault();
  const bar = findBar(form);
  const request = new XMLHttpRequest();
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  for (const part of [bar, ...bar.querySelectorAll("progress, button")]) part.hidden = false;
  say(bar, "sending", 0);
  request.upload.addEventListener("progress", ({ loaded, total }) => say(bar, "sending", Math.floor((100 * loaded) / total)));
  request.upload.addEventListener("load", () => say(bar, "reading"));
  request.addEventListener("load", () => showAnswer(form, bar, request));
  request.addEventListener("error", () => rest(form, bar, "broken"));
  request.addEventListener("abort", () => rest(form, bar, "cancelled"));
  bar.querySelector("button").onclick = () => request.abort();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.send(new FormData(form));
}

function watchForms() {
  for (const form of document.querySelectorAll("form[data-upload]")) form.addEventListener("submit", send);
}

watchForms();
