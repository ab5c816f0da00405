// Markdown as elements: whatever a model says becomes text nodes, never HTML. Links lead out only on a click, and images
// are shown as links, so that nothing is loaded from elsewhere.

import { highlight } from "./highlight.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const DEEPEST = 8; // lists and quotes within each other

/** Show a text in an element; what did not change since the last time stays as it is. */
export function show(place, text, label) {
  const pieces = blocksOf(text.split("\n"));
  const known = place.pieces ?? [];
  let same = 0;
  while (same < known.length && same < pieces.length && known[same] === keyOf(pieces[same])) same += 1;
  while (place.childNodes.length > same) place.lastChild.remove();
  for (const piece of pieces.slice(same)) place.append(elementOf(piece, label, 0));
  place.pieces = pieces.map(keyOf);
}

function keyOf(piece) {
  return `${piece.kind}\n${piece.lines.join("\n")}`;
}

// The lines of a text as blocks: {kind, lines, …}.
function blocksOf(lines) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    const [piece, next] = blockAt(lines, at);
    if (piece) found.push(piece);
    at = next;
  }
  return found;
}

function blockAt(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines, at, fence);
  if (/^ {0,3}#{1,6}\s/.test(line)) return [{ kind: "heading", lines: [line] }, at + 1];
  if (/^ {0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) return [{ kind: "rule", lines: [line] }, at + 1];
  if (/^ {0,3}>/.test(line)) return taken(lines, at, "quote", (one) => /^ {0,3}>/.test(one) || (one.trim() && !startsBlock(one)));
  if (ITEM.test(line)) return listAt(lines, at);
  if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? "") && lines[at + 1].includes("-")) {
    return taken(lines, at, "table", (one, number) => number < at + 2 || (one.includes("|") && one.trim()));
  }
  return taken(lines, at, "paragraph", (one, number) => number === at || (one.trim() && !startsBlock(one)));
}

function startsBlock(line) {
  return FENCE.test(line) || /^ {0,3}(#{1,6}\s|>)/.test(line) || ITEM.test(line);
}

function taken(lines, at, kind, goesOn) {
  let end = at;
  while (end < lines.length && goesOn(lines[end], end)) end += 1;
  return [{ kind, lines: lines.slice(at, end) }, end];
}

function fenced(lines, at, fence) {
  const mark = fence[1];
  let end = at + 1;
  while (end < lines.length && !(lines[end].trim().startsWith(mark) && !lines[end].trim().replaceAll(mark[0], ""))) end += 1;
  return [{ kind: "code", lines: lines.slice(at + 1, end), language: fence[2].toLowerCase() }, end + 1];
}

// A list goes on over blank lines as long as items or deeper lines follow.
function listAt(lines, at) {
  let end = at + 1;
  const [, indent, mark] = ITEM.exec(lines[at]);
  const isOther = (line) => {
    const match = ITEM.exec(line);
    return match && match[1].length <= indent.length && /\d/.test(match[2]) !== /\d/.test(mark);
  };
  while (end < lines.length) {
    const line = lines[end];
    if (isOther(line)) break;
    const following = line.trim() ? line : lines.slice(end).find((one) => one.trim()) ?? "";
    if (line.trim() ? !(ITEM.test(line) || /^\s{2,}/.test(line) || (lines[end - 1].trim() && !startsBlock(line))) : !(ITEM.test(following) || /^\s{2,}\S/.test(following))) break;
    end += 1;
  }
  return [{ kind: "list", lines: lines.slice(at, end) }, end];
}

function elementOf(piece, label, depth) {
  const makers = { heading, rule: () => make("hr"), quote, list, table, code, paragraph };
  return makers[piece.kind](piece, label, depth);
}

function heading({ lines }) {
  const [, marks, text] = /^\s*(#{1,6})\s+(.*?)\s*#*$/.exec(lines[0]) ?? [null, "#", lines[0]];
  return filled(make(`h${Math.min(6, marks.length + 2)}`), text);
}

function paragraph({ lines }) {
  const made = make("p");
  lines.forEach((line, number) => {
    filled(made, line.trim());
    if (number < lines.length - 1) made.append(/ {2}$|\\$/.test(line) ? make("br") : "\n");
  });
  return made;
}

function quote({ lines }, label, depth) {
  const made = make("blockquote");
  nested(made, lines.map((line) => line.replace(/^ {0,3}> ?/, "")), label, depth);
  return made;
}

function nested(place, lines, label, depth) {
  if (depth >= DEEPEST) place.append(lines.join("\n"));
  else for (const piece of blocksOf(lines)) place.append(elementOf(piece, label, depth + 1));
}

function list({ lines }, label, depth) {
  const first = ITEM.exec(lines[0]);
  const made = make(/\d/.test(first[2]) ? "ol" : "ul");
  if (made.localName === "ol") made.start = parseInt(first[2], 10);
  const indent = first[1].length;
  let item = null;
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (match && match[1].length <= indent + 1) {
      item = { text: match[3], more: [] };
      (made.items ??= []).push(item);
    } else {
      const rest = line.slice(Math.min(indent + 2, line.length - line.trimStart().length));
      if (!item.more.length && rest.trim() && !startsBlock(rest)) item.text += `\n${rest.trim()}`; // the same sentence
      else item.more.push(rest);
    }
  }
  for (const { text, more } of made.items) {
    const entry = make("li");
    filled(entry, text);
    if (more.some((line) => line.trim())) nested(entry, more, label, depth);
    made.append(entry);
  }
  delete made.items;
  return made;
}

function table({ lines }) {
  const made = make("table");
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((one) => one.trim().replaceAll("\\|", "|"));
  const row = (line, kind) => {
    const found = make("tr");
    for (const text of cells(line)) found.append(filled(make(kind), text));
    return found;
  };
  const head = make("thead");
  const body = make("tbody");
  head.append(row(lines[0], "th"));
  for (const line of lines.slice(2)) body.append(row(line, "td"));
  made.append(head, body);
  const place = make("div");
  place.className = "scroll";
  place.append(made);
  return place;
}

function code({ lines, language }, label) {
  const place = make("div");
  place.className = "code";
  const bar = make("div");
  bar.className = "bar-of-code";
  const copy = make("button");
  Object.assign(copy, { type: "button", className: "quiet small", textContent: label });
  const text = lines.join("\n");
  copy.dataset.copy = text || " ";
  const name = make("span");
  name.textContent = language;
  bar.append(name, copy);
  const body = make("pre");
  body.tabIndex = 0;
  const inner = make("code");
  inner.append(...highlight(text, language));
  body.append(inner);
  place.append(bar, body);
  return place;
}

// Marks within a line: code, bold, italic, struck, links. Everything else is text.
const INLINE = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*(?=\S)([\s\S]*?\S)\*\*|__(?=\S)([\s\S]*?\S)__(?!\w)|\*(?=[^\s*])([^*]*?[^\s*])\*|(?<!\w)_(?=[^\s_])([^_]*?[^\s_])_(?!\w)|~~(?=\S)([\s\S]*?\S)~~|!?\[([^\]]{0,1000})\]\(\s*<?([^\s)<>]{1,2000})>?(?:\s+"[^"]*")?\s*\)|(https?:\/\/[^\s<>"'`)\]]{1,2000})|\\([!-/:-@[-`{-~])/;

function filled(place, text) {
  let rest = text;
  for (let count = 0; rest && count < 2000; count += 1) {
    const match = INLINE.exec(rest);
    if (!match) break;
    if (match.index) place.append(rest.slice(0, match.index));
    place.append(inline(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) place.append(rest);
  return place;
}

function inline([whole, , plain, strong, strongToo, weak, weakToo, struck, words, address, bare, escaped]) {
  if (plain !== undefined) return Object.assign(make("code"), { textContent: plain.trim() });
  if (strong ?? strongToo) return filled(make("strong"), strong ?? strongToo);
  if (weak ?? weakToo) return filled(make("em"), weak ?? weakToo);
  if (struck) return filled(make("s"), struck);
  if (address) return link(address, words || address) ?? whole;
  if (bare) return link(bare, bare) ?? whole;
  return escaped ?? whole;
}

function link(address, words) {
  let target;
  try {
    target = new URL(address);
  } catch {
    return null;
  }
  if (!["http:", "https:", "mailto:"].includes(target.protocol)) return null;
  return Object.assign(make("a"), { href: target.href, rel: "noopener noreferrer nofollow", target: "_blank", textContent: words });
}

function make(name) {
  return document.createElement(name);
}
