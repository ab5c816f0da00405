// The charts of History: all on one axis of time, in the viewer's zone, with what happened marked on them.

import { draw } from "../chart.js";
import { ranges } from "./ranges.js";

const READ_AGAIN_MS = 1200;

const told = JSON.parse(document.getElementById("history")?.textContent || "null");
const say = JSON.parse(document.getElementById("history-words")?.textContent || "{}");
const form = document.getElementById("filters");
if (form) ranges(form);

if (document.getElementById("reading")) setTimeout(() => location.reload(), READ_AGAIN_MS);

// Plotly knows no zones: it is given what the viewer's clock shows.
function clock(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function all() {
  const x = told.at.map(clock);
  const parts = told.percentiles;
  const lines = (name, factor = 1) => Object.entries(parts[name])
    .filter(([, values]) => values.some((value) => value !== null)).map(([share, values]) => line(x, scaled(values, factor), share));
  put("ttft", [...lines("ttft_s"), ...marks("ttft_s")], { yaxis: seconds() }, true);
  put("total", lines("total_s"), { yaxis: seconds() });
  put("tpot", lines("tpot_s", 1000), { yaxis: { ticksuffix: " ms", rangemode: "tozero" } });
  put("requests", [
    bars(x, told.requests.map((count, place) => count - told.failed[place]), say.good, 0),
    bars(x, told.failed, say.failed, 1),
  ], { barmode: "stack", bargap: x.length > 100 ? 0 : 0.08, yaxis: { rangemode: "tozero" } });
  put("tokens", [line(x, told.tokens_out_per_s, say.out), line(x, told.tokens_in_per_s, say.in),
    line(x, parts.decode_tokens_per_s.p50, say.speed, { dash: "dot" })], { yaxis: { rangemode: "tozero", title: { text: "tokens/s" } } });
  machine();
  heat(x);
  histogram();
}

function machine() {
  const at = told.machine.at.map(clock);
  const found = Object.entries(told.machine.readings).map(([name, values]) => line(at, scaled(values, 100), say[name] ?? name));
  const place = document.getElementById("machine");
  if (found.length === 0) return empty(place, say.unmeasured);
  put("machine", found, { yaxis: { ticksuffix: " %", range: [0, 105] } }, true);
}

function heat(x) {
  const { edges, counts } = told.heat.ttft_s;
  const place = document.getElementById("heat");
  if (edges.length === 0) return empty(place, say.nothing);
  const rows = counts.map((row) => row.map((count) => (count === 0 ? null : count)));
  put("heat", [{
    type: "heatmap", x: ends(x), y: edges, z: rows, colorscale: scale(), showscale: false, hoverongaps: false, zsmooth: false,
    hovertemplate: `%{x}<br>%{y:.3g} s<br>%{z} ${say.requests}<extra></extra>`,
  }], { yaxis: { type: "log", ...times(edges) }, hovermode: "closest" });
}

function histogram() {
  const found = ["ttft_s", "total_s"].filter((name) => told.histogram[name].edges.length > 0).map((name, place) => {
    const { edges, counts } = told.histogram[name];
    return { type: "bar", x: edges.slice(0, -1).map((edge, number) => Math.sqrt(edge * edges[number + 1])), y: counts,
      width: edges.slice(0, -1).map((edge, number) => edges[number + 1] - edge), name: say[name], opacity: place ? 0.55 : 0.8 };
  });
  if (found.length === 0) return empty(document.getElementById("histogram"), say.nothing);
  const edges = ["ttft_s", "total_s"].flatMap((name) => told.histogram[name].edges);
  draw(document.getElementById("histogram"), { data: found, layout: {
    barmode: "overlay", xaxis: { type: "log", ...times([Math.min(...edges), Math.max(...edges)]) }, yaxis: { rangemode: "tozero", title: { text: say.requests } },
    hovermode: "closest",
  } });
}

function put(id, data, layout, marked = false) {
  const place = document.getElementById(id);
  if (!place) return;
  const shapes = marked ? told.events.map(shape) : [];
  draw(place, { data, layout: { ...layout, shapes, xaxis: { type: "date", range: [clock(told.since), clock(told.until)] } } });
}

function line(x, y, name, more = {}) {
  const known = y.filter((value) => value !== null).length;
  return { x, y, name, mode: known < 3 ? "lines+markers" : "lines", connectgaps: false, line: { width: 2, ...more } };
}

function bars(x, y, name, place) {
  return { type: "bar", x: x.map((at, number) => clock(told.at[number] + told.step_s / 2)), y, name, marker: place ? { color: tone("--problem") } : {} };
}

// What happened, as points on top of the chart that say it when they are pointed at.
function marks(name) {
  const top = Math.max(...Object.values(told.percentiles[name]).flat().filter((value) => value !== null), 0);
  const kinds = [...new Set(told.events.map((event) => event.kind))];
  return kinds.map((kind) => {
    const found = told.events.filter((event) => event.kind === kind);
    return {
      x: found.map((event) => clock(event.at)), y: found.map(() => top * 1.04), text: found.map((event) => `${event.name}: ${event.text}`.replaceAll("<", "&lt;")),
      name: say[kind] ?? kind, mode: "markers", hovertemplate: "%{text}<extra></extra>",
      marker: { symbol: { load: "triangle-down", restart: "diamond", alert: "x" }[kind] ?? "circle", size: 9, color: tone(colours[kind]) },
    };
  });
}

const colours = { load: "--c4", restart: "--c2", alert: "--problem" };

function shape(event) {
  const drawn = { xref: "x", yref: "paper", y0: 0, y1: 1, x0: clock(event.at), layer: "below" };
  if (event.until && event.until - event.at > told.step_s) {
    return { ...drawn, type: "rect", x1: clock(event.until), fillcolor: tone(colours[event.kind]), opacity: 0.1, line: { width: 0 } };
  }
  return { ...drawn, type: "line", x1: clock(event.at), line: { width: 1, dash: "dot", color: tone(colours[event.kind]) } };
}

function seconds() {
  return { ticksuffix: " s", rangemode: "tozero" };
}

// Times on an axis of logarithms: as many as find room, each with its unit.
function times(edges) {
  const [low, high] = [edges[0], edges.at(-1)];
  const decades = Math.log10(high / low);
  const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    found.push(...steps.map((step) => Number(`${step}e${power}`)).filter((value) => value >= low * 0.99 && value <= high * 1.01));
  }
  const shown = found.length > 1 ? found : [low, high]; // of one request both ends lie close together
  return { tickvals: shown, ticktext: shown.map((value) => (value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`)) };
}

function ends(x) {
  return [...x, clock(told.since + told.at.length * told.step_s)];
}

function scaled(values, factor) {
  return values.map((value) => (value === null ? null : value * factor));
}

function scale() {
  return [[0, mixed(0.12)], [0.35, mixed(0.5)], [1, mixed(1)]];
}

function mixed(share) {
  const [r, g, b] = tone("--c1").match(/[\d.]+/g).map(Number);
  return `rgba(${r}, ${g}, ${b}, ${share})`;
}

function tone(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function empty(place, text) {
  const note = document.createElement("p");
  note.className = "chart-empty";
  note.textContent = text;
  place?.replaceChildren(note);
}

function begin() {
  if (told && document.getElementById("ttft")) all();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", begin);
if (document.readyState === "complete") begin();
else window.addEventListener("load", begin);
