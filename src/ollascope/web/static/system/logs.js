// Follows the logs: as soon as a process has written a line, the same search is made again and the list replaced.

import { followTopic } from "../live.js";
import { dress } from "../times.js";

const LEAST_MS = 1000;
const button = document.getElementById("follow");
const filters = document.querySelector("form.filters");
const day = new Intl.DateTimeFormat(document.documentElement.lang, {
  month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
let on = false;
let asked = 0;
let timer = null;

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => turn(!on));
  if (location.hash === "#follow") turn(true);
}
filters?.addEventListener("change", (event) => event.target.matches("select") && filters.requestSubmit());
document.addEventListener("live:logs", () => on && soon());
say(document);

function turn(wanted) {
  on = wanted;
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? button.dataset.on : button.dataset.off;
  button.classList.toggle("following", on);
  if (!on) return;
  followTopic("logs");
  soon();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(look, Math.max(0, asked + LEAST_MS - performance.now()));
}

async function look() {
  asked = performance.now();
  const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || !on) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("lines-card");
  const place = document.getElementById("lines-card");
  if (!fresh || !place || place.querySelector("details[open]")) return; // somebody reads: the list stays as it is
  place.replaceChildren(...document.importNode(fresh, true).childNodes);
  dress(place);
  say(place);
}

// Log lines need the day and the second, which no other page does.
function say(root) {
  root.querySelectorAll("time[data-at]").forEach((one) => {
    const at = new Date(one.dataset.at);
    if (Number.isNaN(at.getTime())) return;
    one.textContent = day.format(at);
    one.title = one.dataset.at;
  });
}
