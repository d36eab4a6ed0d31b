// Sets the theme before the first paint, so this one is a plain script in the head, not a module.
(function () {
  "use strict";
  var root = document.documentElement;
  function kept() { try { return localStorage.getItem("theme"); } catch (e) { return null; } }
  function show(choice) {
    if (choice === "light" || choice === "dark") root.setAttribute("data-theme", choice);
    else root.removeAttribute("data-theme");
    document.querySelectorAll("[data-theme-set]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-set") === (choice || "auto")));
    });
    document.dispatchEvent(new CustomEvent("tanggap:theme"));
  }
  show(kept());
  document.addEventListener("DOMContentLoaded", function () { show(kept()); });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-theme-set]");
    if (!button) return;
    var choice = button.getAttribute("data-theme-set");
    try { if (choice === "auto") localStorage.removeItem("theme"); else localStorage.setItem("theme", choice); } catch (e) { /* private mode: for this page only */ }
    show(choice);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () { show(kept()); });
})();
