// Short messages: from HX-Trigger {"toast": {"text", "tone"}}, and when a request of htmx fails.
const box = document.getElementById("toasts");

export function toast(text, tone = "info") {
  if (!box || !text) return;
  const item = document.createElement("div");
  item.className = `notice tone-${tone}`;
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "close";
  close.setAttribute("aria-label", box.dataset.textClose);
  close.textContent = "×";
  close.addEventListener("click", () => item.remove());
  item.append(words, close);
  box.append(item);
  if (tone === "good") setTimeout(() => item.remove(), 8000);
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));
document.addEventListener("htmx:sendError", () => toast(box.dataset.textOffline, "bad"));
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  let said = "";
  if ((xhr.getResponseHeader("Content-Type") || "").includes("json")) {
    try { said = JSON.parse(xhr.responseText).detail; } catch { said = ""; }
  }
  const known = { 401: box.dataset.textExpired, 403: box.dataset.textForbidden };
  toast(said || known[xhr.status] || box.dataset.textError, "bad");
});
