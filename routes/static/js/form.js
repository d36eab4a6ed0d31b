// Forms: the summary of mistakes gets the focus, a second submit is ignored, unsaved values are not lost without a word.
const AFTER_DOWNLOAD_MS = 2500;
const LONG_BYTES = 1 << 20; // what is shorter is sent before anybody has read a line about it
const changed = new WeakSet();

// "Isian ini belum diisi" tells nobody which: in the summary each mistake begins with the name of its field.
function nameErrors(root) {
  for (const link of root.querySelectorAll("[data-errors] a[href^='#']:not([data-named])")) {
    link.dataset.named = "";
    const name = nameOf(document.getElementById(link.hash.slice(1)));
    if (name && !link.textContent.toLowerCase().includes(name.toLowerCase())) link.prepend(`${name}: `);
  }
}

function nameOf(control) {
  if (!control) return "";
  const isChoice = control.type === "radio" || control.type === "checkbox";
  const label = (isChoice && control.closest("fieldset")?.querySelector("legend")) || control.labels?.[0];
  if (!label) return control.getAttribute("aria-label") ?? "";
  const shown = label.cloneNode(true);
  for (const aside of shown.querySelectorAll(".optional, .hint, .sr")) aside.remove();
  return shown.textContent.trim().replace(/[:?]$/, "");
}

function focusErrors(root) {
  nameErrors(root);
  if (root.querySelector("dialog[data-reopen]")) return; // dialog.js does
  root.querySelector("[data-errors]")?.focus();
}
focusErrors(document);
document.addEventListener("htmx:afterSwap", (event) => focusErrors(event.detail.target));

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-sending")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (form.method === "get") return;
  changed.delete(form);
  form.setAttribute("data-sending", "");
  // aria-disabled, not disabled: the pressed button's own value must still be sent
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
  const sent = [...form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
  if (sent.reduce((sum, file) => sum + file.size, 0) >= LONG_BYTES) note(form, true);
  // A download, or an answer in another tab, does not leave the page: let the form be used again.
  if (form.hasAttribute("data-download") || form.target === "_blank") setTimeout(release, AFTER_DOWNLOAD_MS, form);
  // another listener may have stopped this submit: then the form must be usable again
  setTimeout(() => { if (event.defaultPrevented && !document.querySelector(".htmx-request")) release(form); }, 0);
}, true);

function note(form, isSending) {
  const line = form.querySelector("[data-sending-note]");
  if (!line) return;
  line.hidden = !isSending;
  line.textContent = isSending ? line.dataset.sendingNote : "";
}

function release(form) {
  if (!(form instanceof HTMLFormElement)) return;
  note(form, false);
  form.removeAttribute("data-sending");
  for (const button of form.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
}
document.addEventListener("htmx:afterRequest", (event) => release(event.detail.elt.closest?.("form")));
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sending]").forEach(release));

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.guard) changed.add(form);
});
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard]")) {
    if (changed.has(form)) event.preventDefault();
  }
});
