// Pages about models: orders by buttons and forms, their ends as toasts, a name typed before a model is deleted.

import { send, toast } from "../page.js";

const mine = new Set(); // numbers of orders that this page has given, or has seen on their way, whose end is to be told

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-order], [data-cancel]");
  if (!button) return;
  button.disabled = true;
  try {
    if (button.dataset.cancel) await send("POST", "/api/v1/models/cancel", { id: button.dataset.cancel });
    else expect(await send("POST", `/api/v1/models/${button.dataset.order}`, { model: button.dataset.model }));
  } catch {
    button.disabled = false; // what went wrong was said
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.send) return;
  event.preventDefault();
  const button = form.querySelector("button:not([type])");
  button.disabled = true;
  try {
    expect(await send("POST", form.dataset.send, fieldsOf(form)));
    form.closest("dialog")?.close();
    if (form.dataset.next) location.assign(form.dataset.next);
    else document.getElementById("main")?.scrollIntoView();
  } catch {
    form.querySelector("input:not([type=hidden]), textarea")?.focus();
  } finally {
    button.disabled = Boolean(form.dataset.typed) && !isTyped(form);
  }
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-typed]");
  if (form) form.querySelector("button:not([type])").disabled = !isTyped(form);
});

document.addEventListener("change", async (event) => {
  const field = event.target;
  const file = field.dataset.fills && field.files?.[0];
  if (!file) return;
  document.getElementById(field.dataset.fills).value = (await file.text()).slice(0, 200000);
});

// What takes long to be summed is asked for again, unless somebody is writing.
const again = document.querySelector("[data-again]");
if (again) setInterval(() => document.querySelector("dialog[open]") || document.hidden || location.reload(), Number(again.dataset.again));

// Charts show the viewer's own hours; Plotly knows no zones.
for (const one of document.querySelectorAll(".chart-data")) {
  const figure = JSON.parse(one.textContent);
  for (const trace of figure.data) trace.x = trace.x.map(inZone);
  one.textContent = JSON.stringify(figure);
}

document.addEventListener("live:models", tellEnds);
tellEnds();

function inZone(text) {
  const at = new Date(text);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function isTyped(form) {
  return form.elements.typed.value === form.dataset.typed;
}

// What is empty is left out; a number field gives a number.
function fieldsOf(form) {
  const fields = {};
  for (const one of form.elements) {
    if (!one.name || one.value === "" || (one.type === "radio" && !one.checked)) continue;
    fields[one.dataset.name ?? one.name] = one.type === "number" ? Number(one.value) : one.value;
  }
  return fields;
}

function expect({ id }) {
  if (!id) return;
  mine.add(id);
  tellEnds(); // it may have ended before its number was known here
}

function tellEnds() {
  document.querySelectorAll("[data-work]").forEach((one) => {
    const { work, state, said } = one.dataset;
    if (state === "running") mine.add(work);
    else if (mine.delete(work)) toast(said);
  });
}
