// The list of Calls: its range, and looking further while nothing was found.

import { ranges } from "./ranges.js";

const TRIES = 40;

const form = document.getElementById("filters");
if (form) ranges(form);

const more = document.getElementById("going-on");
if (more?.dataset.next) {
  const tries = Number(sessionStorage.getItem("tries") ?? 0);
  sessionStorage.setItem("tries", String(tries + 1));
  if (tries < TRIES) setTimeout(() => location.replace(more.dataset.next), 150);
} else {
  sessionStorage.removeItem("tries");
}
