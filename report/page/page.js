"use strict";
(() => {
  const all = document.getElementById("all");
  if (!all) return;
  const pageSize = 200;    // rows in the document at a time
  const maxPrinted = 5000; // rows
  const byId = (id) => document.getElementById(id);
  const table = byId("rows"), tools = document.querySelector(".tools");
  const search = byId("search"), causes = byId("cause"), count = byId("count"), nothing = byId("nothing");
  const overview = byId("overview"), clearButton = byId("clear");
  const pages = byId("pages"), previous = byId("previous"), next = byId("next"), range = byId("range");
  const boxes = [...tools.querySelectorAll("input[name=outcome]")];
  const number = new Intl.NumberFormat("en");
  const plural = (n) => number.format(n) + (n === 1 ? " row" : " rows");

  // With scripts on, the contents of the noscript element are one text with a row on each line. page.go describes it.
  const form = /^<tr id=row-(\d+)( class=open)?(?: data-cause=(\d+))?><td>\d+<td>([a-z]+)<(small>)?/;
  const rows = [];
  for (const line of all.textContent.split("\n")) {
    const m = form.exec(line);
    if (!m) continue;
    const [, number, open, cause = "0", outcome, disabled] = m;
    const kind = disabled ? "locked" : outcome; // what the boxes filter by
    rows.push({ number: +number, open: !!open, cause, kind, line, from: line.indexOf("<td>"), text: null });
  }

  const characters = { lt: "<", gt: ">", amp: "&", "#39": "'", "#34": '"' };
  const decode = (s) => s.includes("&") ? s.replace(/&(lt|gt|amp|#39|#34);/g, (_, name) => characters[name]) : s;
  // cells are the texts of a row's cells, each with its small print.
  const cells = (row) => row.line.slice(row.from + 4).split("<td>").map((cell) => {
    const [text, small] = cell.split("<small>");
    return { text: decode(text), small: small && decode(small.slice(0, -"</small>".length)) };
  });

  // plain makes texts equal that differ in case, accents or the kind of apostrophe: "muller" finds Müller. Letters
  // that Unicode does not decompose are replaced by those that people type instead.
  const letters = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ς": "σ", "’": "'",
  };
  const plain = (s) => {
    s = s.toLowerCase();
    if (/^[\x00-\x7f]*$/.test(s)) return s;
    return s.normalize("NFD").replace(/\p{M}/gu, "").replace(/[øłđðþßæœıς’]/g, (c) => letters[c]);
  };
  // text is what is searched of a row. It is made when it is first needed.
  const text = (row) => row.text ??= plain(decode(row.line.slice(row.from).replace(/<[^>]*>/g, "\n")));

  const element = (name, className, text) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (text) e.textContent = text;
    return e;
  };
  const swatch = document.querySelector(".legend .swatch");
  const tag = (outcome, isLocked) => {
    const picture = swatch.cloneNode(true);
    picture.querySelector("rect").setAttribute("class", "s-" + (isLocked ? "locked" : outcome));
    const e = element("span", "tag");
    e.append(picture, outcome);
    return e;
  };
  const build = (row) => {
    const tr = element("tr");
    tr.id = "row-" + row.number;
    tr.setAttribute("role", "row");
    cells(row).forEach((cell, column) => {
      const td = element("td", "", column === 1 ? "" : cell.text);
      td.setAttribute("role", "cell");
      if (column === 1) td.append(tag(cell.text, cell.small));
      if (cell.small) td.append(element("small", "", cell.small));
      tr.append(td);
    });
    return tr;
  };

  let found = rows; // the rows that fit, in the order of the table
  let first = 0;    // index in found of the first row that is shown
  const show = (from, size) => {
    first = from;
    const shown = found.slice(from, from + size);
    table.tBodies[0].replaceChildren(...shown.map(build));
    const [total, every] = [found.length, rows.length];
    count.textContent = total === every ? plural(every) : number.format(total) + " of " + plural(every);
    nothing.hidden = total > 0;
    pages.hidden = total <= shown.length;
    const [low, high] = [from + 1, from + shown.length].map((n) => number.format(n));
    range.textContent = "Rows " + low + "–" + high + " of " + number.format(total);
    previous.disabled = from === 0;
    next.disabled = from + size >= total;
  };

  const filter = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const outcomes = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    const cause = causes ? causes.value : "0";
    found = rows.filter((row) => (cause === "0" || row.cause === cause)
      && (outcomes.size === 0 || outcomes.has(row.kind) || row.open && outcomes.has("open"))
      && words.every((w) => text(row).includes(w)));
    // What is found follows the search at once: the overview comes back when nothing is asked for.
    overview.hidden = words.length > 0 || outcomes.size > 0 || cause !== "0";
    clearButton.hidden = !overview.hidden;
    show(0, pageSize);
  };
  const clear = () => {
    search.value = "";
    if (causes) causes.value = "0";
    for (const b of boxes) b.checked = false;
    filter();
  };

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const sort = (column, down) => {
    const keyed = rows.map((row) => ({ row, key: column === 0 ? row.number : plain(cells(row)[column].text) }));
    const compare = column === 0 ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
    keyed.sort((a, b) => (down ? -1 : 1) * compare(a, b) || a.row.number - b.row.number);
    keyed.forEach((k, i) => { rows[i] = k.row; });
    filter();
  };
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((th, column) => {
    const button = element("button", "", th.textContent);
    button.type = "button";
    button.title = "Sort by " + th.textContent;
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of headers) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down);
    });
    th.replaceChildren(button);
  });

  // reveal shows the row that a link is to, whatever the filter is.
  const reveal = (hash) => {
    const n = +(/^#row-(\d+)$/.exec(hash)?.[1] ?? 0);
    const fits = (row) => row.number === n;
    if (!rows.some(fits)) return;
    if (!found.some(fits)) clear();
    const i = found.findIndex(fits);
    // A row that is in the document stays: it may be the target of the link by now.
    if (!byId("row-" + n)) show(i - i % pageSize, pageSize);
    byId("row-" + n).scrollIntoView({ block: "center" });
  };
  window.addEventListener("hashchange", () => reveal(location.hash));
  for (const a of document.querySelectorAll(".causes a")) a.addEventListener("click", () => reveal(a.hash));
  for (const button of document.querySelectorAll("button.show")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      clear();
      causes.value = button.dataset.cause;
      filter();
      tools.scrollIntoView();
      search.focus({ preventScroll: true });
    });
  }

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { search.value = ""; filter(); }
  });
  causes?.addEventListener("change", filter);
  for (const b of boxes) b.addEventListener("change", filter);
  tools.addEventListener("submit", (e) => e.preventDefault());
  clearButton.addEventListener("click", () => { clear(); search.focus(); });
  const turn = (by) => {
    show(first + by, pageSize);
    table.scrollIntoView();
  };
  previous.addEventListener("click", () => turn(-pageSize));
  next.addEventListener("click", () => turn(pageSize));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target === search) return;
    e.preventDefault();
    search.focus();
    search.select();
  });

  // The rows that fit are printed, up to a number that a browser can still lay out.
  let before = 0;
  window.addEventListener("beforeprint", () => { before = first; show(0, maxPrinted); });
  window.addEventListener("afterprint", () => show(before, pageSize));

  tools.hidden = table.hidden = false;
  filter(); // a browser that comes back to the page may fill in what was there
  reveal(location.hash);
})();
