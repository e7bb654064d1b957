/** The on-screen keypad: a code or a badge in letters and digits, or a PIN in digits. Leaves by itself when forgotten. */
const FORGOTTEN_MS = 60_000;

export class Keypad {
  constructor(holder, send) {
    this.holder = holder;
    this.send = send;
    this.form = holder.querySelector("form");
    this.field = holder.querySelector("input");
    this.title = holder.querySelector(".keypad-title");
    this.mode = "code";
    this.form.addEventListener("submit", (event) => this.enter(event));
    holder.addEventListener("click", (event) => this.press(event.target.closest("button")));
  }

  askCode() {
    this.open("code", this.holder.dataset.codeTitle);
  }

  askPin(name) {
    this.open("pin", this.holder.dataset.pinTitle.replace("{name}", name));
  }

  /** The person is known now, or gone: nothing to type any more. */
  leavePin() {
    if (this.mode === "pin") this.leave();
  }

  open(mode, title) {
    this.mode = mode;
    this.title.textContent = title;
    this.field.value = "";
    this.field.type = mode === "pin" ? "password" : "text";
    this.holder.classList.toggle("is-pin", mode === "pin");
    this.holder.hidden = false;
    this.field.focus();
    this.stayAwake();
  }

  leave() {
    this.field.value = "";
    this.holder.hidden = true;
    clearTimeout(this.timer);
  }

  stayAwake() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.leave(), FORGOTTEN_MS);
  }

  press(button) {
    if (!button) return;
    this.stayAwake();
    if (button.dataset.key !== undefined && this.field.value.length < this.field.maxLength) this.field.value += button.dataset.key;
    if (button.dataset.erase !== undefined) this.field.value = this.field.value.slice(0, -1);
    if (button.dataset.leave !== undefined) this.leave();
  }

  async enter(event) {
    event.preventDefault();
    const typed = this.field.value.trim().toUpperCase();
    if (!typed) return;
    const taken = this.mode === "pin" ? this.send("pin", { pin: typed }) : this.send("code", { text: typed });
    this.field.value = "";
    if ((await taken) && this.mode === "code") this.leave();
  }
}
