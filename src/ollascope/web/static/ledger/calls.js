// The list of Calls: its range, sorting what is on the page, and looking further back while nothing was found.

import { ranges } from "./ranges.js";

const TRIES = 40;

const form = document.getElementById("filters");
if (form) ranges(form);

// A column's title sorts the lines of this page: first the greatest, then the least, then as they came.
const table = document.querySelector("main .card table");
const body = table?.tBodies[0];
const came = body ? [...body.rows] : [];
const ORDERS = ["none", "descending", "ascending"];

function sort(column, order) {
  const sign = order === "descending" ? -1 : 1;
  const keys = new Map(came.map((row) => [row, key(row.cells[column])]));
  const rows = order === "none" ? came : [...came].sort((one, other) => compare(keys.get(one), keys.get(other), sign));
  body.replaceChildren(...rows);
}

function key(cell) {
  const time = cell.querySelector("time");
  if (time) return Date.parse(time.dateTime);
  if (cell.dataset.value !== undefined) return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  return cell.textContent.trim();
}

// What was not measured stands last, whichever way is sorted.
function compare(one, other, sign) {
  if (one === null || other === null) return (one === null) - (other === null);
  return sign * (typeof one === "number" ? one - other : one.localeCompare(other));
}

[...(table?.tHead.rows[0].cells ?? [])].forEach((title, column) => {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "sorts", textContent: title.textContent });
  title.replaceChildren(button);
  title.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => {
    const order = ORDERS[(ORDERS.indexOf(title.getAttribute("aria-sort")) + 1) % ORDERS.length];
    [...table.tHead.rows[0].cells].forEach((one) => one.setAttribute("aria-sort", one === title ? order : "none"));
    sort(column, order);
  });
});

const more = document.getElementById("going-on");
if (more?.dataset.next) {
  const tries = Number(sessionStorage.getItem("tries") ?? 0);
  sessionStorage.setItem("tries", String(tries + 1));
  if (tries < TRIES) setTimeout(() => location.replace(more.dataset.next), 150);
} else {
  sessionStorage.removeItem("tries");
}
