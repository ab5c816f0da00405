// The playground: questions to one model or to two, answers as they come, their times. What is said lives in this page
// alone and is gone with it.

import { send, toast, token } from "../page.js";
import { show } from "./markdown.js";

const ground = document.getElementById("playground");
const said = JSON.parse(document.getElementById("playground-words").textContent);

if (ground) {
  const question = document.getElementById("question");
  const stop = document.getElementById("stop");
  const sendButton = document.getElementById("send");
  const panes = ["a", "b"].map(paneOf);
  let running = [];
  let given = false;

  const chosen = () => panes.filter((pane) => !pane.place.hidden);

  document.getElementById("two").addEventListener("change", (event) => {
    panes[1].place.hidden = !event.target.checked;
    if (event.target.checked && panes[1].select.selectedIndex === panes[0].select.selectedIndex) {
      panes[1].select.selectedIndex = (panes[0].select.selectedIndex + 1) % panes[1].select.options.length;
    }
    panes.forEach(mark);
  });
  document.getElementById("fresh").addEventListener("click", () => {
    stopAll();
    panes.forEach(forget);
    question.focus();
  });
  document.getElementById("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  question.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (!sendButton.disabled) ask();
  });
  stop.addEventListener("click", stopAll);
  for (const kind of ["curl", "python"]) document.getElementById(`copy-${kind}`).addEventListener("click", () => copyAs(kind));
  panes.forEach((pane) => {
    pane.select.addEventListener("change", () => { mark(pane); forget(pane); });
    mark(pane);
  });
  window.addEventListener("pagehide", stopAll);

  async function ask() {
    const text = question.value.trim();
    if (!text) { toast(said.question); return; }
    question.value = "";
    given = false;
    busy(true);
    const turns = chosen().map((pane) => () => answer(pane, text));
    try {
      if (document.getElementById("order").value === "together") await Promise.all(turns.map((turn) => turn()));
      else for (const turn of turns) if (!given) await turn();
    } finally {
      busy(false);
      document.getElementById("said").textContent = said.done;
    }
  }

  function busy(on) {
    sendButton.disabled = on;
    stop.hidden = !on;
    document.getElementById("said").textContent = "";
  }

  function stopAll() {
    given = true;
    for (const one of running) {
      if (one.id) post("/api/v1/models/stop", { id: one.id }, true).catch(() => one.controller.abort());
      else one.controller.abort();
    }
  }

  async function answer(pane, text) {
    pane.messages.push({ role: "user", content: text });
    const shown = turnOf(pane, text);
    const one = { controller: new AbortController(), id: "" };
    running.push(one);
    try {
      const reply = await post("/api/v1/models/chat", bodyOf(pane), false, one.controller.signal);
      if (!reply.ok) throw await reply.json().then((told) => told.error, () => ({ message: said.broke, hint: String(reply.status) }));
      for await (const line of linesOf(reply.body)) {
        if (line.id) one.id = line.id;
        else take(shown, line);
      }
      if (!shown.ended) fail(shown, { message: said.broke, hint: "" });
    } catch (error) {
      if (error.name === "AbortError") note(shown, said.stopped);
      else fail(shown, error.hint === undefined ? { message: said.broke, hint: "" } : error);
    } finally {
      running = running.filter((other) => other !== one);
      finish(shown);
      if (shown.text) pane.messages.push({ role: "assistant", content: shown.text });
      else pane.messages.pop();
    }
  }

  async function copyAs(kind) {
    const text = question.value.trim() || lastQuestion();
    if (!text) { toast(said.question); return; }
    const pane = chosen()[0];
    const before = pane.messages.slice(0, question.value.trim() ? undefined : pane.messages.findLastIndex((one) => one.role === "user"));
    const told = await send("POST", "/api/v1/models/snippets", { ...bodyOf(pane), messages: [...before, { role: "user", content: text }] }).catch(() => null);
    if (!told) return;
    const carrier = document.createElement("button"); // the page copies what a button carries
    carrier.dataset.copy = told[kind];
    carrier.hidden = true;
    document.body.append(carrier);
    carrier.click();
    carrier.remove();
  }

  function lastQuestion() {
    return chosen()[0].messages.findLast((one) => one.role === "user")?.content ?? "";
  }
}

function paneOf(side) {
  const place = document.getElementById(`pane-${side}`);
  return { place, select: place.querySelector("select"), talk: place.querySelector(".talk"), messages: [] };
}

function mark(pane) {
  pane.place.querySelector(".demo-mark").hidden = pane.select.selectedOptions[0]?.dataset.demo !== "yes";
}

function forget(pane) {
  pane.messages = [];
  const empty = element("div", "empty");
  empty.append(element("p", "title", said.fresh), element("p", "", said.hint));
  pane.talk.replaceChildren(empty);
}

function bodyOf(pane) {
  const body = { model: pane.select.value, messages: pane.messages };
  for (const field of document.querySelectorAll("#parameters [name]")) {
    if (field.value === "") continue;
    body[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return body;
}

function post(address, fields, keepalive = false, signal = undefined) {
  return fetch(address, {
    method: "POST", headers: { "X-CSRF-Token": token, "Content-Type": "application/json" }, body: JSON.stringify(fields), keepalive, signal,
  });
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
  }
}

function turnOf(pane, text) {
  pane.talk.querySelector(".empty")?.remove();
  const asked = element("div", "turn asked", text);
  asked.setAttribute("aria-label", said.you);
  asked.setAttribute("role", "group");
  const place = element("div", "turn answered");
  const waiting = element("p", "waiting", said.waiting);
  const words = element("div", "words");
  place.append(waiting, words);
  pane.talk.append(asked, place);
  pane.talk.scrollTop = pane.talk.scrollHeight;
  return { pane, place, waiting, words, text: "", thinking: "", began: performance.now(), thoughts: null, due: false, ended: false };
}

function take(shown, line) {
  if (line.thinking) think(shown, line.thinking);
  if (line.text) {
    if (!shown.text && shown.thoughts) endThinking(shown);
    shown.text += line.text;
  }
  if (line.error) fail(shown, line.error);
  if (line.end) end(shown, line.end);
  if (line.text || line.thinking) draw(shown);
}

function think(shown, text) {
  if (!shown.thoughts) {
    shown.thoughts = element("details", "thoughts");
    shown.thoughts.append(element("summary", "", said.thinking), element("div", "words"));
    shown.place.insertBefore(shown.thoughts, shown.words);
    shown.thinkingBegan = performance.now();
  }
  shown.thinking += text;
}

function endThinking(shown) {
  const seconds = (performance.now() - shown.thinkingBegan) / 1000;
  shown.thoughts.querySelector("summary").textContent = said.thought.replace("{time}", `${seconds.toFixed(1)} s`);
}

// Once a frame, however many pieces have come.
function draw(shown) {
  if (shown.due) return;
  shown.due = true;
  requestAnimationFrame(() => {
    shown.due = false;
    paint(shown);
  });
}

function paint(shown) {
  const { talk } = shown.pane;
  const below = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60;
  shown.waiting.hidden = Boolean(shown.text || shown.thinking);
  if (shown.thoughts) shown.thoughts.querySelector(".words").textContent = shown.thinking;
  show(shown.words, shown.text, said.copy);
  if (below) talk.scrollTop = talk.scrollHeight;
}

function finish(shown) {
  paint(shown);
  shown.waiting.remove();
  if (shown.thoughts && !shown.text) endThinking(shown);
}

function fail(shown, error) {
  shown.ended = true;
  const notice = element("div", "notice problem");
  notice.lang = /\p{Script=Han}/u.test(error.message) ? document.documentElement.lang : "en"; // told as far as it is known
  notice.setAttribute("role", "alert");
  notice.append(element("strong", "", error.message), error.hint ? ` → ${error.hint}` : "");
  shown.place.append(notice);
}

function note(shown, text) {
  shown.ended = true;
  shown.place.append(element("p", "soft", text));
}

function end(shown, facts) {
  shown.ended = true;
  const { shown: times, tokens } = facts;
  const list = element("dl", "times");
  const rows = [
    [said.ttft, times.ttft_s], [said.queue, times.queue_s], [said.load, times.load_s], [said.prefill, times.prefill_s], [said.decode, times.decode_s],
    [said.speed, times.decode_tokens_per_s], [said.total, times.total_s],
  ];
  for (const [name, value] of rows) {
    const row = element("div", "");
    const cell = element("dd", "", value ?? "–");
    if (value === null) cell.title = said.none;
    row.append(element("dt", "", name), cell);
    list.append(row);
  }
  shown.place.append(list);
  const under = element("p", "under small-text soft");
  if (facts.demo) under.append(Object.assign(element("span", "badge demo", "DEMO")));
  if (facts.outcome === "cancelled") under.append(element("span", "", said.stopped));
  if (facts.reason === "length") under.append(element("span", "", said.length));
  if (tokens.out !== null) under.append(element("span", "", said.tokens.replace("{out}", tokens.out).replace("{in}", tokens.in ?? "–")));
  under.append(callOf(facts));
  for (const remark of facts.notes) under.append(Object.assign(element("span", "", remark), { lang: "en" }));
  shown.place.append(under);
  shown.pane.talk.scrollTop = shown.pane.talk.scrollHeight;
}

function callOf(facts) {
  const text = said.call.replace("{id}", facts.call);
  if (!facts.address) return element("span", "mono", text);
  return Object.assign(element("a", "mono", text), { href: facts.address });
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
