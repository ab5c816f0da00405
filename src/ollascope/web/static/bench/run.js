// A test under way: its figures are fetched whenever something is under way that changed; at its end the page shows the result.

import { followTopic } from "../live.js";
import { dress } from "../times.js";

const place = document.getElementById("test-live");
const MOST_FAILURES = 5;
let busy = false;
let again = false;
let failures = 0;

async function fetchFigures() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(`/test/${encodeURIComponent(place.dataset.test)}/live`, { headers: { "X-Requested-With": "fetch" } });
    if (answer.status === 204 || answer.redirected) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    put(await answer.text());
    failures = 0;
  } catch {
    failures += 1;
    if (failures <= MOST_FAILURES) setTimeout(fetchFigures, 2000);
  } finally {
    busy = false;
  }
  if (again) { again = false; fetchFigures(); }
}

// What it asks is known when it begins: then the heading is another, too. The server escaped whatever came from outside; drawings stay scrolled where they were.
function put(html) {
  const before = place.querySelector(".live-view")?.dataset.begun;
  const across = [...place.querySelectorAll(".drawing")].map((one) => one.scrollLeft);
  place.innerHTML = html;
  place.querySelectorAll(".drawing").forEach((one, number) => (one.scrollLeft = across[number] ?? 0));
  dress(place);
  if (before === "0" && place.querySelector(".live-view")?.dataset.begun === "1") location.reload();
}

if (place) {
  document.addEventListener("live:tests", fetchFigures);
  followTopic("tests");
}
