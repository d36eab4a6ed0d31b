// The board by keyboard: arrows go from cell to cell, M moves a group, Escape goes back. Without it all are links.
const board = document.querySelector("[data-board]");

const typing = (event) => event.target.closest?.("input, textarea, select, [contenteditable], dialog, details.menu")
  || event.ctrlKey || event.metaKey || event.altKey;

if (board) {
  const rows = [...board.tBodies[0].rows].map((row) => [...row.querySelectorAll("[data-cell]")]);
  board.setAttribute("role", "grid");
  for (const link of rows.flat()) link.closest("td").setAttribute("role", "gridcell");
  const shown = (link) => link && link.offsetParent !== null;
  const hold = (link) => {
    for (const one of rows.flat()) one.tabIndex = one === link ? 0 : -1;
  };
  const first = () => rows.flat().find((link) => shown(link) && !link.classList.contains("is-empty")) ?? rows.flat().find(shown);
  const named = location.hash ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
  const begins = named?.matches("[data-cell]") && shown(named) ? named : first();
  if (begins) hold(begins);
  if (begins && begins === named) begins.focus();
  addEventListener("resize", () => {
    if (!shown(rows.flat().find((link) => link.tabIndex === 0)) && first()) hold(first());
  });
  board.addEventListener("focusin", (event) => {
    const link = event.target.closest("[data-cell]");
    if (link) hold(link);
  });
  board.addEventListener("keydown", (event) => {
    const link = event.target.closest("[data-cell]");
    if (!link || typing(event)) return;
    const y = rows.findIndex((row) => row.includes(link));
    const row = rows[y].filter(shown);
    const x = row.indexOf(link);
    const across = rows[y].indexOf(link);
    const goes = {
      ArrowLeft: () => row[x - 1], ArrowRight: () => row[x + 1], Home: () => row[0], End: () => row[row.length - 1],
      ArrowUp: () => rows[y - 1]?.[across], ArrowDown: () => rows[y + 1]?.[across],
    }[event.key];
    if (goes) {
      event.preventDefault();
      const next = goes();
      if (shown(next)) next.focus();
    } else if (event.key.toLowerCase() === "m" && link.dataset.move) {
      event.preventDefault();
      location.assign(link.dataset.move);
    } else if (event.key === " ") {
      event.preventDefault();
      link.click();
    }
  });
} else {
  const back = document.querySelector("[data-back]");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !back || document.querySelector("dialog[open], details.menu[open]")) return;
    event.preventDefault();
    // The first Escape leaves a field, so that nothing typed is lost by one key.
    if (event.target.matches?.("input, textarea, select")) event.target.blur();
    else location.assign(back.href);
  });
  // Who came to move a group begins there.
  if (location.hash === "#pindah") document.getElementById("f-ke_titik")?.focus();
}
