// Filters the rows that are already shown: words in any order, upper and lower case alike.
const fold = (text) => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");

document.addEventListener("input", (event) => {
  const input = event.target.closest?.("[data-filter-for]");
  if (!input) return;
  const id = input.dataset.filterFor;
  const list = document.getElementById(id);
  if (!list) return;
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  const rows = list.querySelectorAll("tbody > tr, [data-row]");
  let shown = 0;
  for (const row of rows) {
    row.hidden = !words.every((word) => fold(row.textContent).includes(word));
    if (!row.hidden) shown += 1;
  }
  const none = document.getElementById(`${id}-none`);
  if (none) none.hidden = shown > 0;
  const says = document.getElementById(`${id}-shown`);
  if (says) says.textContent = words.length ? says.dataset.text.replace("{shown}", shown).replace("{all}", rows.length) : "";
});
// Enter in a filter must not send the form around it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("[data-filter-for]")) event.preventDefault();
});
