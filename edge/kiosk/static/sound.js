/** Sounds of the kiosk: done, look, no, and the siren of a stop that nobody confirmed. Silence where a browser forbids sound. */
const NOTES = { ok: [[880, 0.09]], look: [[660, 0.12], [660, 0.12]], no: [[220, 0.35]] };

let context = null;
let siren = null;

export function wakeSound() {
  context ??= new AudioContext();
  context.resume();
}

function play(frequency, startsIn, lasts) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0.25, context.currentTime + startsIn);
  volume.gain.linearRampToValueAtTime(0, context.currentTime + startsIn + lasts);
  tone.connect(volume).connect(context.destination);
  tone.start(context.currentTime + startsIn);
  tone.stop(context.currentTime + startsIn + lasts);
}

/** Beeps, then says the sentence: nobody in an aisle sees the screen. */
export function soundAnswer(kind, sentence, language) {
  wakeSound();
  let startsIn = 0;
  for (const [frequency, lasts] of NOTES[kind] ?? []) {
    play(frequency, startsIn, lasts);
    startsIn += lasts + 0.05;
  }
  if (!window.speechSynthesis || !sentence) return;
  speechSynthesis.cancel();
  const speech = new SpeechSynthesisUtterance(sentence);
  speech.lang = language;
  speechSynthesis.speak(speech);
}

/** Runs until the core says that the stop was confirmed. */
export function soundSiren(on) {
  if (on && siren === null) {
    wakeSound();
    siren = setInterval(() => play(Date.now() % 1_000 < 500 ? 1_000 : 700, 0, 0.4), 500);
  }
  if (!on && siren !== null) {
    clearInterval(siren);
    siren = null;
  }
}
