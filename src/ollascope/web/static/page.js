// What every page does: times in the viewer's zone, live parts, copying, asking before a change, dialogs, toasts.

import { follow } from "./live.js";
import { dress } from "./times.js";
import { words } from "./words.js";

export const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Say something for a moment, also to a screen reader. */
export function toast(text) {
  const place = document.getElementById("toasts");
  if (!place) return;
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  place.append(note);
  setTimeout(() => note.remove(), 6000);
}

/** Send a change to the API and give its answer; what went wrong is said and thrown. */
export async function send(method, address, fields) {
  const answer = await fetch(address, {
    method,
    headers: { "X-CSRF-Token": token, ...(fields ? { "Content-Type": "application/json" } : {}) },
    body: fields ? JSON.stringify(fields) : undefined,
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const error = said.error ?? { message: words("that did not work"), hint: String(answer.status) };
  toast(`${error.message}. ${error.hint}`);
  throw new Error(error.message);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-opens], [data-closes]");
  if (!button) return;
  if (button.dataset.opens) document.getElementById(button.dataset.opens)?.showModal();
  if ("closes" in button.dataset) button.closest("dialog")?.close();
  if (button.dataset.copy) {
    await copy(button.dataset.copy);
    toast(words("copied"));
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.submitter?.dataset.asked !== "yes" && form.dataset.confirm) {
    event.preventDefault();
    ask(form.dataset.confirm, event.submitter, form);
    return;
  }
  if (form.method === "post") setTimeout(() => form.querySelectorAll("button").forEach((one) => (one.disabled = true)));
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form button[disabled]").forEach((one) => (one.disabled = false));
});

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea"); // a page over plain HTTP has no clipboard of its own
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

function ask(question, submitter, form) {
  const dialog = document.createElement("dialog");
  const title = Object.assign(document.createElement("h2"), { textContent: words("Please confirm"), id: "ask-title" });
  const text = Object.assign(document.createElement("p"), { textContent: question });
  const row = Object.assign(document.createElement("p"), { className: "actions" });
  const no = Object.assign(document.createElement("button"), { className: "plain", textContent: words("close") });
  const yes = Object.assign(document.createElement("button"), { textContent: submitter?.textContent.trim() || "OK" });
  yes.className = submitter?.className ?? "";
  dialog.setAttribute("aria-labelledby", "ask-title");
  no.addEventListener("click", () => dialog.close());
  yes.addEventListener("click", () => {
    dialog.close();
    if (submitter) submitter.dataset.asked = "yes";
    form.requestSubmit(submitter ?? undefined);
    if (submitter) delete submitter.dataset.asked;
  });
  dialog.addEventListener("close", () => dialog.remove());
  row.append(yes, no);
  dialog.append(title, text, row);
  document.body.append(dialog);
  dialog.showModal();
  no.focus();
}

// Where the tabs are wider than the window, the one that is shown is in it.
function showTab() {
  const tab = document.querySelector(".tabs [aria-current]");
  const list = tab?.closest("ul");
  if (!list || list.scrollWidth <= list.clientWidth) return;
  const [inner, outer] = [tab.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

showTab();
dress(document);
follow();
