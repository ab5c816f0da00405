// Live parts of a page: server-sent events while the page is seen, polling where no seat is free, nothing when hidden.
// Other scripts hear of every change by the event `live:TOPIC` on the document, whose detail is {part: text}.

import { dress } from "./times.js";
import { words } from "./words.js";

const state = document.getElementById("live-state");
const extra = new Set();
let source = null;
let timer = null;
let worry = null;
let last = "";
let started = false;

/** Begin to follow the topics that the page shows. */
export function follow() {
  started = true;
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : begin()));
  begin();
}

/** Follow a topic that only scripts use. */
export function followTopic(name) {
  extra.add(name);
  if (started) { stop(); begin(); }
}

function topics() {
  const shown = [...document.querySelectorAll("[data-topic]")].map((one) => one.dataset.topic);
  return [...new Set([...shown, ...extra])].sort();
}

function begin() {
  if (source || timer || document.hidden || topics().length === 0) return;
  source = new EventSource(address("/api/v1/live"));
  source.onopen = () => {
    clearTimeout(worry);
    worry = null;
    say("on", words("live"));
  };
  source.onmessage = (event) => {
    last = event.lastEventId;
    take(JSON.parse(event.data));
  };
  source.onerror = () => {
    if (source?.readyState === EventSource.CLOSED) {
      clearTimeout(worry);
      source = worry = null;
      poll();
    } else {
      worry ??= setTimeout(() => say("lost", words("connection lost, trying again")), 1000); // a stream that was only renewed is back by then
    }
  };
}

function stop() {
  source?.close();
  clearTimeout(timer);
  clearTimeout(worry);
  source = timer = worry = null;
  say("", words("paused"));
}

async function poll() {
  timer = setTimeout(() => {}, 0); // as long as an answer is on its way, nobody else begins
  let pause = 4;
  try {
    const answer = await fetch(address("/api/v1/live/poll"));
    if (answer.status === 401) { location.reload(); return; }
    const told = await answer.json();
    last = told.id;
    pause = told.poll_s;
    take(told.news);
    say("on", words("live"));
  } catch {
    say("lost", words("connection lost, trying again"));
  }
  if (timer === null || document.hidden) return;
  timer = setTimeout(poll, pause * 1000);
}

function address(path) {
  const query = new URLSearchParams({ topics: topics().join(",") });
  if (last) query.set("since", last);
  return `${path}?${query}`;
}

function take(news) {
  for (const [topic, parts] of Object.entries(news)) {
    for (const [part, text] of Object.entries(parts)) {
      document.querySelectorAll(`[data-topic="${topic}"][data-part="${part}"]`).forEach((one) => put(one, text));
    }
    document.dispatchEvent(new CustomEvent(`live:${topic}`, { detail: parts }));
  }
}

// The server escaped whatever came from outside; what has the focus or is open stays so.
function put(place, html) {
  const open = [...place.querySelectorAll("details")].map((one) => one.open);
  const focused = place.contains(document.activeElement) ? [...place.querySelectorAll("a, button, summary, [tabindex]")].indexOf(document.activeElement) : -1;
  const across = [...place.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  place.innerHTML = html;
  place.querySelectorAll("details").forEach((one, number) => (one.open = open[number] ?? one.open));
  place.querySelectorAll(".scroll").forEach((one, number) => (one.scrollLeft = across[number] ?? 0));
  if (focused >= 0) place.querySelectorAll("a, button, summary, [tabindex]")[focused]?.focus({ preventScroll: true });
  dress(place);
}

function say(kind, text) {
  if (!state || topics().length === 0) return;
  state.hidden = false;
  state.className = `live-state ${kind}`;
  if (state.textContent !== text) state.textContent = text;
}
