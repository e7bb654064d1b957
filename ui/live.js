/**
 * The one event stream of a page. When it breaks the page says so and is greyed; when it is back the page says nothing.
 * `new Live("/map/live", {events: {bank: (data) => …}, banner: element, onBroken, onRestored, lang})`.
 */
import { sayTime } from "./plan_words.js";

const WORDS = {
  "zh-CN": (time) => `实时更新已断开，画面停在 ${time}，正在重新连接`,
  en: (time) => `Live updates are cut off. This is the picture of ${time}; reconnecting`,
};

const RECONNECT_MS = 5_000;

export class Live {
  constructor(url, { events = {}, banner = null, onBroken = () => {}, onRestored = () => {}, lang = document.documentElement.lang } = {}) {
    this.banner = banner;
    this.onBroken = onBroken;
    this.onRestored = onRestored;
    this.words = String(lang).startsWith("en") ? WORDS.en : WORDS["zh-CN"];
    this.lang = lang;
    this.url = url;
    this.events = events;
    this.heardAt = new Date();
    this.broken = false;
    this.connect();
    // A page that is left should free its connection at once: browsers allow six per house.
    window.addEventListener("pagehide", () => this.source.close());
  }

  connect() {
    this.source = new EventSource(this.url);
    this.source.addEventListener("open", () => this.restore());
    this.source.addEventListener("error", () => this.breakOff());
    for (const [name, handle] of Object.entries(this.events)) {
      this.source.addEventListener(name, (event) => {
        this.heardAt = new Date();
        this.restore();
        handle(JSON.parse(event.data));
      });
    }
  }

  breakOff() {
    // After a refusal (the centre restarts, the log-in is over) the browser gives up for good: knock again ourselves.
    if (this.source.readyState === EventSource.CLOSED) window.setTimeout(() => this.connect(), RECONNECT_MS);
    if (this.broken) return;
    this.broken = true;
    document.documentElement.dataset.live = "broken";
    if (this.banner) {
      this.banner.textContent = this.words(sayTime(this.heardAt, this.lang));
      this.banner.hidden = false;
    }
    this.onBroken(this.heardAt);
  }

  restore() {
    if (!this.broken) return;
    this.broken = false;
    delete document.documentElement.dataset.live;
    if (this.banner) this.banner.hidden = true;
    this.onRestored();
  }
}
