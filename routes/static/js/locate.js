// Where the telephone stands: the button listens for some seconds and keeps the most exact reading. Nothing is sent until the form is.
const LONGEST_MS = 20_000;
const GOOD_M = 15;

for (const button of document.querySelectorAll("[data-locate]")) {
  const box = button.closest("fieldset");
  const say = box.querySelector("[data-locate-say]");
  const field = (name) => box.querySelector(`[name=${name}]`);
  const tell = (words, isBad = false) => {
    say.textContent = words;
    say.classList.toggle("is-bad", isBad);
  };
  const metres = (value) => new Intl.NumberFormat(document.documentElement.lang || "id", { maximumFractionDigits: 0 }).format(value);
  let watch = null;
  let best = null;

  const stop = () => {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    button.removeAttribute("aria-disabled");
  };
  const take = ({ coords }) => {
    if (watch === null || (best !== null && coords.accuracy >= best)) return;
    best = coords.accuracy;
    field("lon_deg").value = coords.longitude.toFixed(7);
    field("lat_deg").value = coords.latitude.toFixed(7);
    field("accuracy_m").value = Math.ceil(coords.accuracy);
    field("origin").value = "phone";
    field("lon_deg").dispatchEvent(new Event("input", { bubbles: true }));
    tell(button.dataset.textFound.replace("{metres}", metres(coords.accuracy)));
    if (coords.accuracy <= GOOD_M) stop();
  };
  const fail = (error) => {
    if (best !== null) return;
    tell(error.code === 1 ? button.dataset.textRefused : button.dataset.textFailed, true);
    stop();
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    if (watch !== null) return;
    if (!navigator.geolocation) { tell(button.dataset.textFailed, true); return; }
    best = null;
    tell(button.dataset.textWaiting);
    button.setAttribute("aria-disabled", "true");
    watch = navigator.geolocation.watchPosition(take, fail, { enableHighAccuracy: true, maximumAge: 0, timeout: LONGEST_MS });
    setTimeout(stop, LONGEST_MS);
  });
  // Who types it says that it was read off a map.
  for (const name of ["lon_deg", "lat_deg"]) {
    field(name).addEventListener("change", () => { field("origin").value = "map"; field("accuracy_m").value = ""; });
  }
}
