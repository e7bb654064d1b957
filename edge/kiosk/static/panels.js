/** Tabs of the banks, and the panels that lie over the lower part: one open at a time, gone when a prompt wants the eye. */
export class Panels {
  constructor() {
    this.bank = document.querySelector(".plan-row:not([hidden])")?.dataset.bankPart ?? null;
    this.aisles = new Map();
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    document.addEventListener("change", (event) => this.keepAisle(event.target));
  }

  /** Shows the tab, plan and operations of one bank. */
  showBank(bank) {
    if (!bank || !document.querySelector(`.plan-row[data-bank-part="${CSS.escape(bank)}"]`)) return;
    this.bank = bank;
    this.settle();
  }

  /** Puts back what a freshly rendered piece doesn't know: which bank is on show, which aisle is chosen. */
  settle() {
    for (const part of document.querySelectorAll("[data-bank-part]")) part.hidden = part.dataset.bankPart !== this.bank;
    for (const tab of document.querySelectorAll("[data-bank-tab]")) {
      if (tab.dataset.bankTab === this.bank) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    for (const [id, value] of this.aisles) {
      const choice = document.getElementById(id);
      if (choice) choice.value = value;
    }
  }

  /** An aisle was touched on the plan: its operations come up. */
  chooseAisle(bank, aisle) {
    const choice = document.getElementById(`aisle-${bank}`);
    if (![...(choice?.options ?? [])].some((option) => option.value === String(aisle))) return;
    this.aisles.set(choice.id, String(aisle));
    this.showBank(bank);
    this.open("operations");
  }

  open(name) {
    this.close();
    const panel = document.getElementById(name);
    panel.hidden = false;
    panel.querySelector("[data-bank-part]:not([hidden]) [data-leave], :scope > .panel-head [data-leave]")?.focus();
  }

  close() {
    for (const panel of document.querySelectorAll(".panel")) panel.hidden = true;
  }

  click(event) {
    const opener = event.target.closest("[data-open]");
    const tab = event.target.closest("[data-bank-tab]");
    if (opener || tab) event.preventDefault();
    if (opener?.dataset.bank) this.showBank(opener.dataset.bank);
    if (opener) this.open(opener.dataset.open);
    if (tab) this.showBank(tab.dataset.bankTab);
    if (event.target.closest(".panel [data-leave]")) this.close();
  }

  keepAisle(choice) {
    if (choice.matches?.(".aisle-choice")) this.aisles.set(choice.id, choice.value);
  }
}

/** Clock times at which requests expire become what is left of them. */
export function countDown(now = new Date()) {
  for (const until of document.querySelectorAll(".until[data-until]")) {
    const [hours, minutes, seconds] = until.dataset.until.split(":").map(Number);
    const zone = document.documentElement.dataset.zone || undefined;
    const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(now).split(":").map(Number);
    const left = (hours - parts[0]) * 3_600 + (minutes - parts[1]) * 60 + seconds - parts[2];
    const turned = left < -43_200 ? left + 86_400 : left;
    const shown = `${Math.floor(Math.max(0, turned) / 60)}:${String(Math.max(0, turned) % 60).padStart(2, "0")}`;
    until.textContent = until.dataset.left.replace("{time}", shown);
  }
}
