// The few words that scripts say, in the language of the page.

const known = JSON.parse(document.getElementById("words")?.textContent || "{}");

/** A word in the language of the page. */
export function words(text) {
  return known[text] ?? text;
}
