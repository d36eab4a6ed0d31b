// A count sheet: how long ago each line was typed goes along with it, Enter leads to the next line, and what could not
// be saved is not left without a word.
const typedAt = new Map();

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-counted]")) return;
  typedAt.set(event.target.name.replace("counted-", ""), performance.now());
  event.target.closest(".opname-line").setAttribute("data-unsaved", "");
});

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-counted]")) return;
  const code = event.target.name.replace("counted-", "");
  if (typedAt.has(code)) event.detail.parameters[`age-${code}`] = age(code);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-count")) return;
  for (const line of form.querySelectorAll(".opname-line[data-unsaved]")) {
    const code = line.id.slice(2);
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name: `age-${code}`, value: age(code) });
    form.append(hidden);
    line.removeAttribute("data-unsaved");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-counted]")) return;
  event.preventDefault();
  const inputs = [...document.querySelectorAll("[data-counted]")];
  const next = inputs[inputs.indexOf(event.target) + 1];
  if (next) next.focus();
  else event.target.blur();
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector(".opname-line[data-unsaved]")) event.preventDefault();
});

function age(code) {
  return String(Math.max(0, Math.round((performance.now() - typedAt.get(code)) / 1000)));
}

// A browser does not focus by itself when the address names a line.
document.querySelector("[data-counted][autofocus]")?.focus();
