// Instants in the viewer's own zone and language.

import { words } from "./words.js";

const tongue = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(tongue, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(tongue, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(tongue, { dateStyle: "medium" });
const full = new Intl.DateTimeFormat(tongue, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
const relative = new Intl.RelativeTimeFormat(tongue, { numeric: "always", style: "short" });
const forms = { clock: (at) => clock.format(at), date: (at) => date.format(at), day: (at) => day.format(at), ago };

/** Write every instant below an element as the viewer's clock shows it. */
export function dress(root) {
  root.querySelectorAll("time[datetime]").forEach((one) => {
    const at = new Date(one.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const text = (forms[one.dataset.form] ?? forms.clock)(at);
    if (one.textContent !== text) one.textContent = text;
    one.title = full.format(at);
  });
}

function ago(at) {
  const seconds = (at - Date.now()) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return words("just now");
  if (size < 100) return relative.format(Math.round(seconds), "second");
  if (size < 5400) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 130000) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86400), "day");
}

setInterval(() => document.hidden || dress(document), 15000);
