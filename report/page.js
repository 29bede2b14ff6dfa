"use strict";
(() => {
  const table = document.getElementById("rows");
  if (!table) return;
  const body = table.tBodies[0];
  const tools = document.querySelector(".tools");
  const search = document.getElementById("search");
  const boxes = [...tools.querySelectorAll("input[name=outcome]")];
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const number = new Intl.NumberFormat("en");

  // Case, accents and the ways to write a letter make no difference: "muller" finds Müller.
  const plain = (s) => s.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  // What is searched is put together once, when it is first needed.
  let rows = null;
  const index = () => rows ??= [...body.rows].map((tr) => ({
    tr,
    outcome: tr.dataset.outcome,
    text: plain([...tr.cells].map((td) => td.textContent).join("\n")),
  }));

  const filter = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    let shown = 0;
    for (const row of index()) {
      const fits = wanted.has(row.outcome) && words.every((w) => row.text.includes(w));
      if (fits) shown++;
      if (row.tr.hidden === fits) row.tr.hidden = !fits;
    }
    const all = rows.length;
    count.textContent = shown === all ? number.format(all) + (all === 1 ? " row" : " rows") : number.format(shown) + " of " + number.format(all) + " rows";
    nothing.hidden = shown > 0;
  };

  const clear = () => {
    search.value = "";
    for (const b of boxes) b.checked = true;
    filter();
  };

  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const sort = (column, down) => {
    const key = (tr) => column === 0 ? Number(tr.cells[0].textContent) : tr.cells[column].textContent;
    const keyed = [...body.rows].map((tr) => ({ tr, key: key(tr) }));
    const compare = column === 0 ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
    keyed.sort(down ? (a, b) => compare(b, a) : compare);
    body.append(...keyed.map((k) => k.tr));
  };

  [...table.tHead.rows[0].cells].forEach((th, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    button.title = "Sort by " + th.textContent.toLowerCase();
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down);
    });
    th.replaceChildren(button);
  });

  search.addEventListener("input", filter);
  search.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { search.value = ""; filter(); }
  });
  for (const b of boxes) b.addEventListener("change", filter);
  tools.addEventListener("submit", (e) => e.preventDefault());
  document.getElementById("clear").addEventListener("click", () => { clear(); search.focus(); });

  document.addEventListener("keydown", (e) => {
    if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || e.target === search) return;
    e.preventDefault();
    search.focus();
    search.select();
  });

  // A link to a row shows it, whatever the filter says; also one that was followed before, which changes no hash.
  const reveal = (hash) => {
    const target = document.getElementById(hash.slice(1));
    if (target && target.hidden) { clear(); target.scrollIntoView(); }
  };
  window.addEventListener("hashchange", () => reveal(location.hash));
  for (const a of document.querySelectorAll(".causes a")) a.addEventListener("click", () => reveal(a.hash));

  tools.hidden = false;
  // A browser that comes back to the page fills in what was there.
  if (search.value || boxes.some((b) => !b.checked)) filter();
})();
