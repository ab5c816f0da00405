// The list of tests: two to six are put side by side; when one under way has ended, the list is fetched anew.

const form = document.getElementById("compare");
const button = document.getElementById("compare-button");

function count() {
  const chosen = form.querySelectorAll("input[name=runs]:checked").length;
  button.disabled = chosen < 2 || chosen > 6;
}

if (form) {
  form.addEventListener("change", count);
  count();
}

let before = null;
document.addEventListener("live:tests", (event) => {
  if (event.detail.running === undefined) return;
  const now = new Set([...document.querySelectorAll('[data-topic="tests"] .moving a')].map((one) => one.getAttribute("href")));
  const ended = before && [...before].some((one) => !now.has(one));
  before = now;
  if (ended && !form?.querySelector("input:checked")) location.reload();
});
before = new Set([...document.querySelectorAll('[data-topic="tests"] .moving a')].map((one) => one.getAttribute("href")));
