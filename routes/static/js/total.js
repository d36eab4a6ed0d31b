// Adds up the counts typed into the fields of [data-total] as they are typed; the server adds them up again.
const count = (text) => (/^\d{1,9}$/.test(text.trim().replace(/\./g, "")) ? Number(text.trim().replace(/\./g, "")) : 0);

document.addEventListener("input", (event) => {
  const box = event.target.closest?.("[data-total]");
  const shown = box && document.getElementById(box.dataset.total);
  if (!shown) return;
  let sum = 0;
  for (const input of box.querySelectorAll("input")) sum += count(input.value);
  shown.textContent = sum.toLocaleString(document.documentElement.lang === "en" ? "en-GB" : "id-ID");
});
