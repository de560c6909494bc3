// On paper nothing can be opened: figures and short tables are; what is long, and what columns mean,
// stays a file.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open]):not(:has(.long, pre)):not(details details)")];
  for (const one of closed) one.open = true;
});
addEventListener("afterprint", () => {
  for (const one of closed) one.open = false;
});

// Tables of class `sortable`: a button in each head, but those of class `unsorted`, that sorts, and a
// field that filters the rows. A row `overall` stays last and is always shown. Without scripts the
// tables stay as they are.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], all = [...body.rows];
  const rows = all.filter(row => !row.matches(".overall")), last = all.filter(row => row.matches(".overall"));
  const heads = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column], text = cell.textContent.trim();
    if (!heads[column].classList.contains("number")) return text;  // as it is read
    // All digits, if there are more; of `0.911 [0.885, 0.937]` the mean; a minus sign is no hyphen.
    return parseFloat((cell.title || text).replace("\u2212", "-"));
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", {numeric: true});
  heads.forEach((head, column) => {
    if (head.matches(".unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const missing = row => Number.isNaN(value(row, column)) || value(row, column) === "";
      body.append(...[...rows].sort((a, b) =>
        missing(a) - missing(b) || (missing(a) ? 0 : (down ? -1 : 1) * compare(value(a, column), value(b, column)))),
        ...last);
    });
  });
  if (rows.length < 8) continue;
  const field = document.createElement("label"), input = document.createElement("input");
  const count = document.createElement("output");
  input.type = "search";
  field.append("Filter ", input);
  count.setAttribute("aria-live", "polite");
  const filter = document.createElement("div");
  filter.className = "filter";
  filter.append(field, count);
  const show = () => {
    const plain = text => text.toLowerCase().replaceAll("\u2212", "-"); // as minus signs are typed
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every(word => plain(row.textContent).includes(word));
    count.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length} rows`;
  };
  input.addEventListener("input", show);
  show();
  table.closest(".scroll").before(filter);
}
