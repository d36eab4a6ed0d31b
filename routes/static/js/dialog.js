// Dialogs, the menu of the top bar, and the side panel: opening, Escape, and focus back to where it came from.
const side = document.getElementById("side");
let opener = null;

// A dialog whose form had a mistake opens again, with its summary of mistakes and with what was typed.
const again = document.querySelector("dialog[data-reopen]");
if (again) {
  again.showModal();
  again.querySelector("[data-errors]")?.focus();
}

document.addEventListener("click", (event) => {
  const opens = event.target.closest("[data-dialog]");
  if (opens) {
    document.getElementById(opens.dataset.dialog)?.showModal();
    return;
  }
  const closes = event.target.closest("[data-close]");
  if (closes) {
    closes.closest("dialog")?.close();
    return;
  }
  if (event.target.closest("[data-close-side]")) {
    event.preventDefault();
    closeSide();
    return;
  }
  if (event.target instanceof HTMLDialogElement && event.target.open) {
    event.target.close(); // the backdrop
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (side?.childElementCount) {
    closeSide();
  }
});

function closeSide() {
  side.replaceChildren();
  for (const row of document.querySelectorAll("tr.is-open")) row.classList.remove("is-open");
  opener?.focus();
  opener = null;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === side) opener = event.detail.elt;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== side) return;
  for (const row of document.querySelectorAll("tr.is-open")) row.classList.remove("is-open");
  opener?.closest("tr")?.classList.add("is-open");
  side.querySelector("#side-title")?.focus();
});
