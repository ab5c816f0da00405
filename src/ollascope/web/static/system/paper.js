// A document of the program as Markdown: links to other documents lead to their pages, other files do not come along.

import { show } from "../engines/markdown.js";

const LINK = /(!?)\[([^\]]*)\]\((?!\w+:)([^\s)]*)\)/g;

for (const place of document.querySelectorAll("[data-papers]")) {
  const known = new Set(place.dataset.papers.split(" "));
  const made = document.createElement("div");
  made.className = "words";
  made.lang = "en";
  show(made, withLinks(place.textContent, known), place.dataset.label);
  for (const one of made.querySelectorAll("a")) if (one.origin === location.origin) one.removeAttribute("target");
  place.replaceWith(made);
}

// The first heading is the title of the page already.
function withLinks(text, known) {
  return text.replace(/^# .*\n/, "").replace(LINK, (_, image, words, address) => {
    const name = /^(?:\.\/)?([\w-]+)\.md(?:#.*)?$/.exec(address)?.[1];
    return image ? "" : known.has(name) ? `[${words}](${location.origin}/system/about/docs/${name})` : words;
  });
}
