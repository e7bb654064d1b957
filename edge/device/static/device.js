/** Live parts of the device page: the stream replaces one part; pictures are fetched each second. Without it all works. */
import { Live } from "/assets/ui/live.js";

const PICTURE_MS = 1_000;
const part = document.getElementById("live");

function replace(html) {
  // A press in the making must not be pulled away from under the finger, nor a table from under the scrolling hand.
  if (part.contains(document.activeElement) && document.activeElement.matches("button, select, input")) return;
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => [each.scrollLeft, each.scrollTop]);
  const focused = [...part.querySelectorAll(".scroll")].indexOf(document.activeElement);
  part.innerHTML = html;
  const fresh = [...part.querySelectorAll(".scroll")];
  fresh.forEach((each, index) => scrolled[index] && each.scrollTo(...scrolled[index]));
  if (focused >= 0 && fresh[focused]) fresh[focused].focus({ preventScroll: true });
}

if (part) {
  new Live(`/live?of=${encodeURIComponent(part.dataset.of)}`, {
    events: { part: replace, beat: () => {} },
    banner: document.getElementById("broken"),
  });
}

for (const picture of document.querySelectorAll("img[data-picture]")) {
  const load = () => {
    const next = new Image();
    next.onload = () => {
      picture.src = next.src;
      window.setTimeout(load, PICTURE_MS);
    };
    next.onerror = () => window.setTimeout(load, PICTURE_MS);
    next.src = `${picture.dataset.picture}?at=${Date.now()}`;
  };
  window.setTimeout(load, PICTURE_MS);
}
