// Charts by Plotly, in the colours of the page; `draw(place, figure)` for scripts, `figure.chart` elements of themselves.

const TAG = document.documentElement.lang.startsWith("zh") ? "zh-CN" : "en";
const TITLES = ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes", "Download plot as a PNG", "Double-click to zoom back out"];
const NAMES = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6"];
const drawn = new Map();

/** Draw or change a chart: {data, layout} as Plotly takes them. */
export function draw(place, figure) {
  drawn.set(place, figure);
  const { data = [], layout = {} } = figure;
  place.querySelectorAll(".chart-empty").forEach((one) => one.remove());
  const height = Number(place.dataset.height) || 280;
  return window.Plotly.react(place, data, { ...look(height), ...layout, ...axes(layout) }, {
    displaylogo: false, responsive: true, locale: TAG,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"], displayModeBar: "hover",
  });
}

// Plotly itself speaks English only: names of months and days come from the browser, its few words from the catalogue.
function speak() {
  const words = JSON.parse(document.getElementById("words")?.textContent || "{}");
  const names = (count, options, day) => Array.from({ length: count }, (_, number) => new Intl.DateTimeFormat(TAG, { ...options, timeZone: "UTC" }).format(day(number)));
  const months = (month) => names(12, { month }, (number) => Date.UTC(2026, number, 15));
  const days = (weekday) => names(7, { weekday }, (number) => Date.UTC(2026, 1, 1 + number));
  window.Plotly.register({
    moduleType: "locale", name: TAG, dictionary: Object.fromEntries(TITLES.map((title) => [title, words[title] ?? title])),
    format: {
      days: days("long"), shortDays: days("short"), months: months("long"), shortMonths: months("short"),
      date: "%Y-%m-%d", time: "%H:%M:%S", dateTime: "%Y-%m-%d %H:%M:%S", decimal: ".", thousands: ",", grouping: [3],
      year: "%Y", month: "%Y年%b", dayMonth: "%b%-d日", dayMonthYear: "%Y年%b%-d日",
    },
  });
}

function look(height) {
  return {
    height, autosize: true, margin: { l: 56, r: 12, t: 12, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    colorway: NAMES.map(colour), font: { color: colour("--soft"), family: getComputedStyle(document.body).fontFamily, size: 12 },
    hovermode: "x unified", hoverlabel: { bgcolor: colour("--card"), bordercolor: colour("--line"), font: { color: colour("--ink") } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
  };
}

function axes(layout) {
  const found = { xaxis: {}, yaxis: {}, ...Object.fromEntries(Object.entries(layout).filter(([name]) => /^[xy]axis\d*$/.test(name))) };
  const line = colour("--line");
  return Object.fromEntries(Object.entries(found).map(([name, axis]) => [name, { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, ...axis }]));
}

// A probe element tells what a token is in the theme of this moment.
function colour(name) {
  const probe = document.createElement("span");
  probe.className = `probe${name}`;
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function begin() {
  if (TAG !== "en") speak();
  document.querySelectorAll("figure.chart > .chart-data").forEach((one) => {
    const figure = JSON.parse(one.textContent);
    if (figure) draw(one.parentElement, figure);
  });
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((figure, place) => draw(place, figure)));
if (document.readyState === "complete") begin();
else window.addEventListener("load", begin);
