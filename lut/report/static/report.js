"use strict";

/* The page itself: what is packed into it, the address, the theme, charts once they are scrolled to. */

const page = {
  /** Unpacks gzip in base64 from a script element, which is given free. */
  async unpack(id) {
    const element = document.getElementById(id);
    const text = atob(element.textContent);
    element.remove();
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  },

  /** The address behind #: a place, and what else there is to remember, as in `#records?text=3x3`. */
  readHash() {
    const [place, rest = ""] = location.hash.slice(1).split(/\?(.*)/s);
    return { place, kept: new URLSearchParams(rest) };
  },

  formatHash(place, kept) {
    const rest = kept.toString();
    return `#${place}${rest ? `?${rest}` : ""}`;
  },

  /** What each part of the page wants to hear of a change of the address. */
  listeners: [],
};

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function goTo(place) {
  const target = place && document.getElementById(place);
  if (!target) return;
  target.scrollIntoView({ behavior: calm.matches ? "instant" : "auto" });
  const heading = target.querySelector("h2, h3") ?? target;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const place = link.getAttribute("href").slice(1);
  history.pushState(null, "", page.formatHash(place, page.readHash().kept));
  goTo(place);
});

addEventListener("popstate", () => {
  for (const listener of page.listeners) listener();
  goTo(page.readHash().place);
});

/* The section in view is the one that the navigation shows as current. */
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]));
const inView = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) inView[entry.isIntersecting ? "add" : "delete"](entry.target.id);
  const current = [...links.keys()].find((name) => inView.has(name));
  for (const [name, link] of links) {
    if (name === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
for (const name of links.keys()) watch.observe(document.getElementById(name));

/* The theme: the system's, until the reader chooses. */
const dark = matchMedia("(prefers-color-scheme: dark)");
const toggle = document.getElementById("theme");

const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

function showTheme() {
  toggle.textContent = isDark() ? "Light" : "Dark";
  toggle.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
  redrawCharts();
}

toggle.addEventListener("click", () => {
  const chosen = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  try { localStorage.setItem("lut-report-theme", chosen); } catch { /* storage may be forbidden to files */ }
  showTheme();
});
dark.addEventListener("change", showTheme);

/* Charts. */
const drawn = new Set();
let plotly = null;

function loadPlotly() {
  plotly ??= page.unpack("plotly-data").then((bytes) => {
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(bytes);
    document.head.append(script);
    return window.Plotly;
  });
  return plotly;
}

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colorOf(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

/** Puts colours where the data names variables; long arrays are points, which name none. */
function resolve(value) {
  if (typeof value === "string") return /^--[\w-]+$/.test(value) ? colorOf(value) : value;
  if (Array.isArray(value)) return value.length > 0 && typeof value[0] === "object" ? value.map(resolve) : value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
}

function axis(own = {}) {
  const line = colorOf("--line");
  return {
    gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, fixedrange: narrow(),
    minor: { showgrid: false }, ...own, title: { standoff: 12, ...own.title },
  };
}

const narrow = () => innerWidth < 700;

function layoutOf(box, own) {
  const text = colorOf("--text");
  const layout = {
    font: { family: getComputedStyle(document.body).fontFamily, size: narrow() ? 11 : 12.5, color: text },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 56, r: 8, t: 28, b: 48 },
    legend: { orientation: "h", y: -0.2, yanchor: "top", x: 0, xanchor: "left", itemwidth: 30 },
    hoverlabel: { align: "left", namelength: -1, bgcolor: colorOf("--raised"), bordercolor: colorOf("--muted"),
      font: { color: text, family: getComputedStyle(document.body).fontFamily } },
    separators: ".,",
    modebar: { bgcolor: colorOf("--page"), color: colorOf("--muted"), activecolor: colorOf("--text") },
    hovermode: "closest",
    dragmode: narrow() ? false : "zoom",
    bargap: 0.1,
    ...resolve(own),
  };
  for (const name of Object.keys(layout)) if (/^[xy]axis\d*$/.test(name)) layout[name] = axis(layout[name]);
  return layout;
}

const settings = {
  responsive: true, displaylogo: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toImage"],
};

async function draw(box) {
  const library = await loadPlotly();
  const { data, layout } = JSON.parse(document.getElementById(`chart-${box.dataset.chart}`).textContent);
  await library.react(box, resolve(data), layoutOf(box, layout), { ...settings, displayModeBar: narrow() ? false : "hover" });
  box.dataset.drawn = "true";
  drawn.add(box);
}

function drawOrSay(box) {
  draw(box).catch((error) => { box.textContent = `This chart can't be drawn: ${error.message}`; });
}

function redrawCharts() {
  for (const box of drawn) drawOrSay(box);
}

const soon = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    soon.unobserve(entry.target);
    drawOrSay(entry.target);
  }
}, { rootMargin: "200px 0px" });
for (const box of document.querySelectorAll("[data-chart]")) soon.observe(box);

let wasNarrow = narrow();
addEventListener("resize", () => {
  if (narrow() === wasNarrow) return;
  wasNarrow = narrow();
  redrawCharts();
});
addEventListener("beforeprint", () => {
  for (const box of document.querySelectorAll("[data-chart]:not([data-drawn])")) drawOrSay(box);
});

showTheme();
