// The map: boundaries as the base, areas by severity, villages by share. No tiles: everything comes from our own server.
// The list beside the map holds the same rows, so nothing here is needed to do the work.
// What only some pages need comes as modules of its own: map-draw.js, map-households.js, map-versions.js.
const L = window.L;
const SEVERITIES = ["heavy", "medium", "light"];
// How strongly a village is tinted by its class of a share, the lowest first; the legend's swatches in map.css are the same.
const SHARE_TINTS = [0.06, 0.16, 0.28, 0.42, 0.58];
const ACCESS_SIGNS = { boat: "M3 13h14l-2 4H5zM10 3v8M10 4l5 6h-5", cut_off: "M4 4l12 12M16 4L4 16" };

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
const printed = (n, digits = 0) => new Intl.NumberFormat(document.documentElement.lang || "id", { maximumFractionDigits: digits }).format(n);

async function ask(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" }, credentials: "same-origin", signal });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function escaped(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box.innerHTML;
}

function polygonsOf(shape) {
  if (!shape || typeof shape !== "object") return [];
  if (shape.type === "FeatureCollection") return (shape.features ?? []).flatMap(polygonsOf);
  if (shape.type === "Feature") return polygonsOf(shape.geometry);
  if (shape.type === "GeometryCollection") return (shape.geometries ?? []).flatMap(polygonsOf);
  if (shape.type === "Polygon") return [shape.coordinates];
  if (shape.type === "MultiPolygon") return shape.coordinates;
  return [];
}

/** A pattern beside the colour: crossed lines, lines, dots, for whoever sees no colours and for black ink. */
function hatched(pen, kind, colour) {
  const tile = Object.assign(document.createElement("canvas"), { width: 10, height: 10 });
  const ink = tile.getContext("2d");
  ink.strokeStyle = ink.fillStyle = colour;
  ink.lineWidth = 1.4;
  if (kind === "light") { ink.arc(5, 5, 1.2, 0, 7); ink.fill(); }
  else {
    ink.beginPath(); ink.moveTo(-2, 12); ink.lineTo(12, -2); ink.moveTo(-2, 2); ink.lineTo(2, -2); ink.moveTo(8, 12); ink.lineTo(12, 8);
    if (kind === "heavy") { ink.moveTo(-2, -2); ink.lineTo(12, 12); ink.moveTo(8, -2); ink.lineTo(12, 2); ink.moveTo(-2, 8); ink.lineTo(2, 12); }
    ink.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

const Hatched = L.Canvas.extend({
  _fillStroke(pen, layer) {
    L.Canvas.prototype._fillStroke.call(this, pen, layer);
    const { hatch, color } = layer.options;
    if (!hatch) return;
    pen.save();
    pen.globalAlpha = 0.55;
    pen.fillStyle = hatched(pen, hatch, color);
    pen.fill("evenodd");
    pen.restore();
  },
});

class AreaMap {
  constructor(box) {
    this.box = box;
    this.text = (name, facts = {}) => fill(box.dataset[`text${name}`] ?? "", facts);
    this.frame = box.closest("[data-map-frame]");
    this.mode = box.dataset.mode;
    this.say = this.frame.querySelector("[data-map-say]");
    this.villages = new Map();
    this.areas = new Map();
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(box, {
      renderer: new Hatched({ padding: 0.3 }), attributionControl: false, zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.75,
      zoomAnimation: !this.still, fadeAnimation: false, scrollWheelZoom: true,
    });
    this.map.setView([-2.5, 118], 5);
    L.control.zoom({ zoomInTitle: this.text("ZoomIn"), zoomOutTitle: this.text("ZoomOut") }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.boxes = [...this.frame.querySelectorAll("input[data-village]")];
    document.addEventListener("tanggap:theme", () => this.restyle());
    matchMedia("print").addEventListener("change", () => this.restyle());
    this.startFull();
    this.startLayers();
    this.startRows();
    this.load();
  }

  tell(words, isBad = false) {
    this.say.textContent = words;
    this.say.classList.toggle("is-bad", isBad);
  }

  part(name) { return this.frame.querySelector(`[data-map-${name}]`); }

  async load() {
    const { boundariesUrl, zonesUrl, householdsUrl, cellsUrl, postsUrl, sharesUrl, households, versions, draw } = this.box.dataset;
    const optional = (url) => (url ? ask(url).catch(() => { this.tell(this.text("Failed"), true); return null; }) : null);
    this.tell(this.text("Loading"));
    this.box.setAttribute("aria-busy", "true");
    try {
      const [boundaries, zones, shares] = await Promise.all([ask(boundariesUrl), optional(zonesUrl), optional(sharesUrl)]);
      if (this.say.textContent === this.text("Loading")) this.tell("");
      this.shares = shares?.classes ?? {};
      this.figures = shares?.affected ?? {};
      this.addBoundaries(boundaries);
      if (zones) this.addZones(zones);
      this.fit();
      if (this.mode !== "view") this.startPicking();
      if (draw && this.mode === "draw") (await import(draw)).start(this, kit);
      if (versions) (await import(versions)).start(this, kit);
      if (households && (householdsUrl || cellsUrl)) this.households = await (await import(households)).start(this, kit);
      const posts = await optional(postsUrl);
      if (posts) this.addPosts(posts);
    } catch {
      this.tell(this.text("Failed"), true);
    }
    this.box.removeAttribute("aria-busy");
    this.box.dataset.ready = "";
  }

  fit() {
    let bounds = L.latLngBounds([]);
    const take = (layer) => { const b = layer.getBounds(); if (b.isValid()) bounds.extend(b); };
    this.zones?.eachLayer(take);
    for (const input of this.boxes.filter((box) => box.checked)) this.villages.get(input.value)?.forEach(take);
    if (!bounds.isValid()) bounds = this.boundaries.getBounds();
    this.show(bounds, 0.12);
  }

  show(bounds, pad = 0.3) {
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(pad), { animate: false, maxZoom: 16 });
  }

  // ---- what is drawn ----
  addBoundaries(collection) {
    this.boundaries = L.geoJSON(collection, {
      pmIgnore: true,
      style: (feature) => this.villageStyle(feature.properties.code),
      onEachFeature: (feature, layer) => {
        const { code, name, href } = feature.properties;
        if (!this.villages.has(code)) this.villages.set(code, []);
        this.villages.get(code).push(layer);
        const told = this.figures[code];
        layer.bindTooltip(escaped(name) + (told ? `<br>${escaped(this.text("Share", { count: printed(told[0]), all: printed(told[1]) }))}` : ""), { sticky: true });
        layer.on("click", (event) => this.onVillage(code, href, event));
      },
    }).addTo(this.map);
  }

  villageStyle(code) {
    const style = { color: token("map-edge"), weight: 0.8, fillColor: token("map-land"), fillOpacity: 1 };
    const share = this.isShaded === false ? undefined : SHARE_TINTS[this.shares?.[code]];
    if (share !== undefined) Object.assign(style, { fillColor: token("brand"), fillOpacity: share });
    if (this.picked?.has(code)) Object.assign(style, { color: token("brand"), weight: 2.5, fillColor: token("brand"), fillOpacity: 0.22 });
    if (code === this.lit) Object.assign(style, { color: token("ink"), weight: 4 });
    return style;
  }

  zoneStyle(properties) {
    const severity = SEVERITIES.includes(properties.severity) ? properties.severity : "medium";
    const colour = token(`sev-${severity}`);
    const isGone = properties.state === "withdrawn";
    return {
      color: colour, weight: properties.id && properties.id === this.litArea ? 5 : 2.5, dashArray: isGone ? "6 5" : null,
      fillColor: colour, fillOpacity: isGone ? 0 : 0.12, hatch: isGone ? null : severity,
    };
  }

  /** The villages on the map that a code means: itself, or all of a district. */
  codesUnder(code) {
    return this.villages.has(code) ? [code] : [...this.villages.keys()].filter((one) => one.startsWith(`${code}.`));
  }

  addZones(collection) {
    this.zones?.remove();
    this.marks?.remove();
    this.areas.clear();
    const drawn = [];
    for (const feature of collection.features ?? []) {
      if (feature.geometry) drawn.push(feature);
      for (const code of (feature.properties.village_codes ?? []).flatMap((one) => this.codesUnder(one))) {
        for (const layer of this.villages.get(code)) drawn.push({ type: "Feature", geometry: layer.feature.geometry, properties: feature.properties });
      }
    }
    const isFew = (collection.features ?? []).length <= 6;
    const named = new Set();
    this.marks = L.layerGroup();
    this.zones = L.geoJSON({ type: "FeatureCollection", features: drawn }, {
      pmIgnore: true,
      interactive: this.mode === "view",
      style: (feature) => this.zoneStyle(feature.properties),
      onEachFeature: (feature, layer) => {
        const { id, name, href, access } = feature.properties;
        const isFirst = !named.has(id ?? name);
        named.add(id ?? name);
        if (id) this.areas.set(id, [...(this.areas.get(id) ?? []), layer]);
        if (name) layer.bindTooltip(escaped(name), isFew && isFirst ? { permanent: true, direction: "center", className: "zone-name" } : { sticky: true });
        if (isFirst && ACCESS_SIGNS[access]) this.addMark(layer, access);
        if (this.mode === "view") layer.on("click", (event) => this.onArea(id, href, event));
      },
    });
    if (this.areZonesShown !== false) { this.zones.addTo(this.map); this.marks.addTo(this.map); }
  }

  addMark(layer, access) {
    const words = this.text(access === "boat" ? "Boat" : "CutOff");
    const sign = `<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><path d="${ACCESS_SIGNS[access]}" fill="none" stroke="currentColor" stroke-width="2.2"/></svg>`;
    L.marker(layer.getBounds().getCenter(), {
      icon: L.divIcon({ className: "access-mark", iconSize: [26, 26], iconAnchor: [13, 36], html: sign }),
      title: words, alt: words, interactive: false, keyboard: false, pmIgnore: true,
    }).addTo(this.marks);
  }

  addPosts(collection) {
    this.posts = L.geoJSON(collection, {
      pmIgnore: true,
      pointToLayer: (feature, latlng) => L.marker(latlng, {
        icon: L.divIcon({ className: "post-pin", iconSize: [14, 14] }), title: feature.properties.name, alt: feature.properties.name, pmIgnore: true,
      }).on("click", () => feature.properties.href && window.location.assign(feature.properties.href)),
    }).addTo(this.map);
  }

  restyleVillage(code) {
    for (const layer of this.villages.get(code) ?? []) layer.setStyle(this.villageStyle(code));
  }

  restyle() {
    for (const code of this.villages.keys()) this.restyleVillage(code);
    this.zones?.setStyle((feature) => this.zoneStyle(feature.properties));
    this.drawing?.restyle();
    this.households?.restyle();
  }

  // ---- the whole screen, and which layers are shown ----
  startFull() {
    const button = this.part("full");
    if (!button) return;
    button.addEventListener("click", () => this.setFull(!this.frame.classList.contains("is-full")));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape" && this.frame.classList.contains("is-full")) this.setFull(false); });
  }

  setFull(isFull) {
    this.frame.classList.toggle("is-full", isFull);
    document.documentElement.classList.toggle("has-full-map", isFull);
    this.part("full").setAttribute("aria-pressed", String(isFull));
    this.map.invalidateSize({ animate: false });
  }

  startLayers() {
    this.frame.addEventListener("change", (event) => {
      const name = event.target.dataset?.mapLayer;
      if (!name) return;
      const isOn = event.target.checked;
      const turn = (layer) => layer && (isOn ? layer.addTo(this.map) : layer.remove());
      if (name === "zones") { this.areZonesShown = isOn; turn(this.zones); turn(this.marks); }
      if (name === "shares") { this.isShaded = isOn; for (const code of this.villages.keys()) this.restyleVillage(code); }
      if (name === "households") this.households?.turn(isOn);
      if (name === "posts") turn(this.posts);
    });
  }

  // ---- the list beside the map says and does the same ----
  startRows() {
    this.frame.addEventListener("click", (event) => {
      const button = event.target.closest?.("button[data-show]");
      if (!button) return;
      const row = button.closest("[data-zone], [data-code]");
      const { zone, code } = row.dataset;
      const layers = zone ? this.areas.get(zone) : this.villages.get(code);
      if (!layers) { this.tell(this.text("NoPlace"), true); return; }
      this.show(layers.reduce((all, layer) => all.extend(layer.getBounds()), L.latLngBounds([])));
      if (zone) this.lightArea(zone); else this.light(code);
      this.tell(this.text("Shown", { name: button.textContent.trim() }));
    });
  }

  onVillage(code, href, event) {
    if (this.mode === "view") {
      if (this.households?.isUnder(event.containerPoint)) return;
      const row = this.frame.querySelector(`[data-code="${CSS.escape(code)}"]`);
      if (row) row.scrollIntoView({ block: "nearest", behavior: this.still ? "auto" : "smooth" });
      this.light(code);
      if (!row && href) window.location.assign(href);
      return;
    }
    if (this.drawing?.isBusy) return;
    const input = this.boxes.find((box) => box.value === code);
    if (!input) return;
    L.DomEvent.stop(event);
    input.checked = !input.checked;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.closest("li")?.scrollIntoView({ block: "nearest" });
  }

  onArea(id, href, event) {
    if (this.households?.isUnder(event.containerPoint)) return;
    L.DomEvent.stop(event);
    const row = id && this.frame.querySelector(`[data-zone="${CSS.escape(id)}"]`);
    if (row) { row.scrollIntoView({ block: "nearest" }); this.lightArea(id); } else if (href) window.location.assign(href);
  }

  light(code) {
    const before = this.lit;
    this.lit = code;
    for (const one of [before, code]) if (one) this.restyleVillage(one);
    for (const layer of this.villages.get(code) ?? []) layer.bringToFront();
    this.zones?.bringToFront();
    this.mark("code", code);
  }

  lightArea(id) {
    this.litArea = id;
    this.zones?.setStyle((feature) => this.zoneStyle(feature.properties));
    this.mark("zone", id);
  }

  mark(kind, value) {
    for (const row of this.frame.querySelectorAll(`[data-${kind}]`)) {
      const isOpen = row.dataset[kind] === value;
      row.classList.toggle("is-open", isOpen);
      row.querySelector("button[data-show]")?.setAttribute("aria-pressed", String(isOpen));
    }
  }

  // ---- picking villages ----
  startPicking() {
    this.picked = new Set(this.boxes.filter((box) => box.checked).map((box) => box.value));
    const count = this.part("picked");
    const tellCount = () => { if (count) count.textContent = this.text("Picked", { count: printed(this.picked.size) }); };
    this.frame.addEventListener("change", (event) => {
      if (!event.target.matches?.("input[data-village]")) return;
      if (event.target.checked) this.picked.add(event.target.value); else this.picked.delete(event.target.value);
      this.restyleVillage(event.target.value);
      tellCount();
    });
    this.frame.addEventListener("focusin", (event) => event.target.matches?.("input[data-village]") && this.light(event.target.value));
    for (const code of this.picked) this.restyleVillage(code);
    tellCount();
  }
}

const kit = { token, fill, printed, ask, escaped, polygonsOf };
for (const box of document.querySelectorAll(".map[data-mode]")) box.tanggap = new AreaMap(box);
