"use strict";
(() => {
  const table = document.getElementById("rows");
  if (!table) return;
  const blocks = [...table.tBodies];
  const blockSize = blocks[0].rows.length; // of all blocks but the last
  const allRows = () => blocks.flatMap((block) => [...block.rows]);
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
  const index = () => rows ??= allRows().map((tr) => ({
    tr,
    outcome: tr.dataset.outcome,
    text: plain([...tr.cells].map((td) => td.textContent).join("\n")),
  }));

  // A block out of sight has an estimated height, which is wrong where no row of it is shown.
  const hideEmptyBlocks = () => {
    for (const block of blocks) block.hidden = [...block.rows].every((tr) => tr.hidden);
  };

  const filter = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const wanted = new Set(boxes.filter((b) => b.checked).map((b) => b.value));
    let shown = 0;
    for (const row of index()) {
      const fits = wanted.has(row.outcome) && words.every((w) => row.text.includes(w));
      if (fits) shown++;
      if (row.tr.hidden === fits) row.tr.hidden = !fits;
    }
    hideEmptyBlocks();
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
    const keyed = allRows().map((tr) => ({ tr, key: key(tr) }));
    const compare = column === 0 ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
    keyed.sort(down ? (a, b) => compare(b, a) : compare);
    const sorted = keyed.map((k) => k.tr);
    blocks.forEach((block, i) => block.append(...sorted.slice(i * blockSize, (i + 1) * blockSize)));
    hideEmptyBlocks();
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

  // The first Tab key needs the layout of every block. The browser computes it beforehand, a block at a time, while it
  // is idle. Safari has no requestIdleCallback.
  const layOutWhenIdle = (i) => {
    if (i === blocks.length || !window.requestIdleCallback) return;
    requestIdleCallback(() => {
      blocks[i].rows[0].getBoundingClientRect(); // computes the layout of the whole block
      layOutWhenIdle(i + 1);
    });
  };
  layOutWhenIdle(0);

  tools.hidden = false;
  // A browser that comes back to the page fills in what was there.
  if (search.value || boxes.some((b) => !b.checked)) filter();
})();
