"use strict";

/* The table of records: a quarter of a million of them, of which only the rows in view exist. */

(() => {
  const MOST_PIXELS = 8e6; // browsers give up drawing boxes of some ten million pixels
  const AROUND = 8; // rows drawn above and below those in view
  const MARKS = ["", "marked", "incomplete", "marked, incomplete"];
  const DEFAULT_ORDER = "p50.desc";

  const view = document.getElementById("records-view");
  const body = view.querySelector("tbody");
  const status = document.getElementById("records-count");
  const heads = new Map([...view.querySelectorAll("[data-sort]")].map((button) => [button.dataset.sort, button]));
  const fields = {
    text: document.getElementById("filter-text"),
    type: document.getElementById("filter-type"),
    doubt: document.getElementById("filter-doubt"),
  };
  const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array };

  let table; // texts and columns
  let rows = new Uint32Array(0); // the records that the filter lets through, in order
  let order = DEFAULT_ORDER;

  function read(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const aligned = (offset) => Math.ceil(offset / 8) * 8;
    let offset = aligned(4 + length);
    const columns = {};
    for (const { name, type, length: size } of header.columns) {
      columns[name] = new ARRAYS[type](buffer, offset, size);
      offset = aligned(offset + columns[name].byteLength);
    }
    return { count: header.count, texts: header.texts, ...columns };
  }

  /** Adds the columns that follow from others. */
  function derive(packed) {
    const { count, p10, p50, p90, macs, second } = packed;
    const starts = new Uint32Array(count);
    const spread = new Float64Array(count);
    const rate = new Float64Array(count);
    const ratio = second && new Float64Array(count);
    for (let i = 0, start = 0; i < count; i++) {
      starts[i] = start;
      start += packed.input_counts[i];
      spread[i] = p50[i] > 0 ? (100 * (p90[i] - p10[i])) / p50[i] : NaN;
      rate[i] = p50[i] > 0 && macs[i] > 0 ? macs[i] / p50[i] / 1e3 : NaN;
      if (ratio) ratio[i] = p50[i] > 0 ? second[i] / p50[i] : NaN;
    }
    return { ...packed, starts, spread, rate, ratio, name: byName({ ...packed, starts }) };
  }

  /** Gives each record its place in the order of names: type, arguments, shapes. */
  function byName(packed) {
    const rank = (texts) => {
      const sorted = texts.map((_, i) => i).sort((a, b) => (texts[a] < texts[b] ? -1 : 1));
      const places = new Uint32Array(texts.length);
      sorted.forEach((text, place) => { places[text] = place; });
      return places;
    };
    const types = rank(packed.texts.op_type);
    const args = rank(packed.texts.argument);
    const places = new Float64Array(packed.count);
    for (let i = 0; i < packed.count; i++) {
      places[i] = (types[packed.op_type[i]] * args.length + args[packed.argument[i]]) * packed.count + i;
    }
    return places;
  }

  /* Filtering: each word is looked for once in every text, not once in every record. */

  const NUMERIC = /^(p10|p50|p90|spread|macs|rate|second|ratio)(<=|>=|<|>)([\d.]+(?:e\d+)?)$/;

  function testOf(word) {
    const asked = NUMERIC.exec(word);
    if (asked && table[asked[1]]) {
      const values = table[asked[1]];
      const limit = Number(asked[3]) * (asked[1] === "macs" ? 1e6 : 1);
      return {
        "<": (i) => values[i] < limit, ">": (i) => values[i] > limit,
        "<=": (i) => values[i] <= limit, ">=": (i) => values[i] >= limit,
      }[asked[2]];
    }
    const hits = Object.fromEntries(Object.entries(table.texts).map(([name, texts]) =>
      [name, Uint8Array.from(texts, (text) => text.toLowerCase().includes(word))]));
    return (i) => {
      if (hits.op_type[table.op_type[i]] || hits.family[table.family[i]] || hits.argument[table.argument[i]]) return true;
      for (let at = table.starts[i], end = at + table.input_counts[i]; at < end; at++) {
        if (hits.shape[table.inputs[at]]) return true;
      }
      return false;
    };
  }

  function choose() {
    const tests = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean).map(testOf);
    const type = table.texts.op_type.indexOf(fields.type.value);
    if (type >= 0) tests.unshift((i) => table.op_type[i] === type);
    if (fields.doubt?.checked) tests.unshift((i) => table.marks[i] > 0);
    const chosen = new Uint32Array(table.count);
    let size = 0;
    for (let i = 0; i < table.count; i++) if (tests.every((test) => test(i))) chosen[size++] = i;
    return chosen.subarray(0, size);
  }

  /** Sorts by a column; what is not known comes last in either direction. */
  function sort(chosen) {
    const [name, direction] = order.split(".");
    const values = table[name];
    const sign = direction === "desc" ? -1 : 1;
    const known = chosen.filter((i) => !Number.isNaN(values[i]));
    const unknown = chosen.filter((i) => Number.isNaN(values[i]));
    known.sort((a, b) => sign * (values[a] - values[b]) || a - b);
    const sorted = new Uint32Array(chosen.length);
    sorted.set(known);
    sorted.set(unknown, known.length);
    return sorted;
  }

  /* Drawing. */

  const number = (places) => new Intl.NumberFormat("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  const formats = {
    p10: number(3), p50: number(3), p90: number(3), second: number(3), ratio: number(3),
    spread: number(1), macs: number(3), rate: number(2),
  };

  function write(name, i) {
    const value = name === "macs" ? table.macs[i] / 1e6 : table[name][i];
    return Number.isNaN(value) || (name === "macs" && value === 0) ? "–" : formats[name].format(value);
  }

  function element(name, text, kind) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function nameCell(i) {
    const cell = element("th");
    cell.scope = "row";
    const shapes = [];
    for (let at = table.starts[i], end = at + table.input_counts[i]; at < end; at++) shapes.push(table.texts.shape[table.inputs[at]]);
    const first = element("span", table.texts.op_type[table.op_type[i]], "op");
    if (table.marks[i]) first.append(element("span", MARKS[table.marks[i]], "mark"));
    const rest = [shapes.join(" "), table.texts.argument[table.argument[i]]].join("  ");
    cell.append(first, element("span", rest, "op"));
    cell.title = `${first.textContent} ${rest}`;
    return cell;
  }

  function row(place) {
    const i = rows[place];
    const made = element("tr");
    made.setAttribute("aria-rowindex", place + 2);
    made.append(nameCell(i));
    for (const [name, button] of heads) {
      if (name !== "name") made.append(element("td", write(name, i), button.parentElement.className));
    }
    return made;
  }

  function gap(pixels) {
    const made = element("tr", undefined, "gap");
    made.style.height = `${pixels}px`;
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  let shown = "";

  function show(force = false) {
    const head = view.querySelector("thead").offsetHeight;
    const root = getComputedStyle(document.documentElement);
    const height = parseFloat(root.fontSize) * parseFloat(root.getPropertyValue("--row"));
    const room = Math.max(view.clientHeight - head, height);
    const all = Math.min(rows.length * height, MOST_PIXELS);
    const scale = rows.length * height > all ? (rows.length * height - room) / (all - room) : 1;
    const top = Math.min(view.scrollTop, Math.max(all - room, 0));
    const from = Math.max(Math.floor((top * scale) / height) - AROUND, 0);
    const to = Math.min(Math.ceil((top * scale + room) / height) + AROUND, rows.length);
    if (!force && shown === `${from} ${to}`) return;
    shown = `${from} ${to}`;
    const above = Math.max(from * height - top * (scale - 1), 0);
    const drawn = [gap(above)];
    for (let place = from; place < to; place++) drawn.push(row(place));
    drawn.push(gap(Math.max(all - above - (to - from) * height, 0)));
    body.replaceChildren(...drawn);
  }

  /* The address keeps filter and order, so that a link to the page is a link to what it shows. */

  function remember() {
    const { place, kept } = page.readHash();
    const now = { text: fields.text.value.trim(), type: fields.type.value, doubt: fields.doubt?.checked ? "1" : "", sort: order === DEFAULT_ORDER ? "" : order };
    for (const [name, value] of Object.entries(now)) {
      if (value) kept.set(name, value);
      else kept.delete(name);
    }
    const hash = page.formatHash(kept.size ? "records" : place, kept);
    if (hash !== location.hash && !(hash === "#" && !location.hash)) history.replaceState(null, "", hash);
  }

  function restore() {
    const { kept } = page.readHash();
    fields.text.value = kept.get("text") ?? "";
    fields.type.value = kept.get("type") ?? "";
    if (fields.type.selectedIndex < 0) fields.type.value = "";
    if (fields.doubt) fields.doubt.checked = kept.get("doubt") === "1";
    const [name, direction] = (kept.get("sort") ?? DEFAULT_ORDER).split(".");
    order = heads.has(name) && ["asc", "desc"].includes(direction) ? `${name}.${direction}` : DEFAULT_ORDER;
  }

  function update() {
    rows = sort(choose());
    const [sorted, direction] = order.split(".");
    for (const [name, button] of heads) {
      button.parentElement.setAttribute("aria-sort", name !== sorted ? "none" : direction === "desc" ? "descending" : "ascending");
    }
    view.querySelector("table").setAttribute("aria-rowcount", rows.length + 1);
    const all = table.count.toLocaleString("en");
    status.textContent = rows.length === table.count ? `${all} records` : `${rows.length.toLocaleString("en")} of ${all} records`;
    view.scrollTop = 0;
    show(true);
  }

  function change() {
    update();
    remember();
  }

  function listen() {
    let waiting;
    fields.text.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(change, 120);
    });
    fields.type.addEventListener("change", change);
    fields.doubt?.addEventListener("change", change);
    document.getElementById("filter").addEventListener("submit", (event) => { event.preventDefault(); change(); });
    document.getElementById("filter-clear").addEventListener("click", () => {
      fields.text.value = fields.type.value = "";
      if (fields.doubt) fields.doubt.checked = false;
      change();
      fields.text.focus();
    });
    for (const [name, button] of heads) {
      button.addEventListener("click", () => {
        const first = name === "name" ? "asc" : "desc";
        const other = name === "name" ? "desc" : "asc";
        order = order === `${name}.${first}` ? `${name}.${other}` : `${name}.${first}`;
        change();
      });
    }
    view.addEventListener("scroll", () => show(), { passive: true });
    new ResizeObserver(() => show(true)).observe(view);
    page.listeners.push(() => { restore(); update(); });
  }

  page.unpack("records-data").then((bytes) => {
    table = derive(read(bytes));
    restore();
    listen();
    update();
    goTo(page.readHash().place);
    document.documentElement.dataset.ready = "true";
  }).catch((error) => { status.textContent = `The records can't be shown: ${error.message}`; });
})();
