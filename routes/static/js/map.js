// The map: boundaries as the base, zones by severity, households by group, and drawing. No tiles: everything comes from our own server.
// The list beside the map holds the same rows, so nothing here is needed to do the work.
const L = window.L;
const GROUPS = ["certain", "probable", "verify"];
const GROUP_NUMBER = { certain: 0, probable: 1, verify: 2, to_verify: 2 };
const MAX_FILE_BYTES = 5_000_000;
const CELL_PX = 34;
// How strongly a village is tinted by its class of a share, the lowest first; the legend's swatches in tanggap.css are the same.
const SHARE_TINTS = [0.06, 0.24, 0.46, 0.7, 0.95];

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
const printed = (n) => new Intl.NumberFormat(document.documentElement.lang || "id").format(n);

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

/** Points gathered in cells of the screen: a lone point shows its sign, a crowd shows its number and its shares. */
const HouseholdLayer = L.Layer.extend({
  initialize(points) { this.points = points; },
  onAdd(map) {
    this.canvas = L.DomUtil.create("canvas", "leaflet-layer leaflet-zoom-hide households");
    this.canvas.style.pointerEvents = "none";
    map.getPanes().overlayPane.appendChild(this.canvas);
    map.on("moveend zoomend resize viewreset", this.draw, this);
    this.draw();
  },
  onRemove(map) {
    map.off("moveend zoomend resize viewreset", this.draw, this);
    this.canvas.remove();
  },
  draw() {
    const map = this._map;
    if (!map) return;
    const size = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = size.x * ratio;
    this.canvas.height = size.y * ratio;
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colours = GROUPS.map(token);
    const ground = token("surface");
    const { lon_deg: lon, lat_deg: lat, group } = this.points;
    const origin = map.getPixelOrigin();
    const shift = map.containerPointToLayerPoint([0, 0]);
    // Web Mercator by hand: thirty thousand latLng objects per move would be felt on a cheap phone
    const world = 256 * 2 ** map.getZoom();
    const cells = new Map();
    for (let i = 0; i < lon.length; i += 1) {
      const sine = Math.sin((lat[i] * Math.PI) / 180);
      const x = (lon[i] / 360 + 0.5) * world - origin.x - shift.x;
      const y = (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * world - origin.y - shift.y;
      if (x < -20 || y < -20 || x > size.x + 20 || y > size.y + 20) continue;
      const key = Math.floor(x / CELL_PX) * 100_000 + Math.floor(y / CELL_PX);
      let cell = cells.get(key);
      if (!cell) cells.set(key, (cell = { x: 0, y: 0, counts: [0, 0, 0], n: 0 }));
      cell.x += x; cell.y += y; cell.n += 1; cell.counts[group[i]] += 1;
    }
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    for (const cell of cells.values()) {
      const x = cell.x / cell.n;
      const y = cell.y / cell.n;
      if (cell.n === 1) lone(pen, x, y, cell.counts.indexOf(1), colours, ground);
      else crowd(pen, x, y, cell, colours, ground, token("ink"));
    }
  },
});

function lone(pen, x, y, group, colours, ground) {
  pen.beginPath(); pen.arc(x, y, 6, 0, 7); pen.fillStyle = ground; pen.fill();
  pen.strokeStyle = pen.fillStyle = colours[group];
  pen.lineWidth = 2;
  pen.beginPath(); pen.arc(x, y, 4.5, 0, 7);
  if (group === 0) pen.fill(); else pen.stroke();
  if (group === 1) { pen.beginPath(); pen.arc(x, y, 4.5, Math.PI / 2, Math.PI * 1.5); pen.fill(); }
}

function crowd(pen, x, y, cell, colours, ground, ink) {
  const radius = Math.min(14, 7 + Math.log2(cell.n) * 0.8);
  pen.beginPath(); pen.arc(x, y, radius + 1, 0, 7); pen.fillStyle = ground; pen.fill();
  let from = -Math.PI / 2;
  pen.lineWidth = 2.5;
  cell.counts.forEach((n, group) => {
    if (!n) return;
    const to = from + (n / cell.n) * Math.PI * 2;
    pen.beginPath(); pen.arc(x, y, radius - 1.5, from, to); pen.strokeStyle = colours[group]; pen.stroke();
    from = to;
  });
  pen.fillStyle = ink;
  pen.font = `600 ${cell.n > 999 ? 9 : 10.5}px "Plus Jakarta Sans", sans-serif`;
  pen.fillText(cell.n > 9999 ? `${Math.round(cell.n / 1000)}k` : String(cell.n), x, y + 0.5);
}

function columns(answer) {
  if (Array.isArray(answer.lon_deg)) {
    return { ...answer, group: answer.group.map((g) => (typeof g === "number" ? g : GROUP_NUMBER[g] ?? 2)) };
  }
  const points = { lon_deg: [], lat_deg: [], group: [] };
  for (const feature of answer.features ?? []) {
    points.lon_deg.push(feature.geometry.coordinates[0]);
    points.lat_deg.push(feature.geometry.coordinates[1]);
    const group = feature.properties.group;
    points.group.push(typeof group === "number" ? group : GROUP_NUMBER[group] ?? 2);
  }
  return points;
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

class AreaMap {
  constructor(box) {
    this.box = box;
    this.text = (name, facts = {}) => fill(box.dataset[`text${name}`] ?? "", facts);
    this.frame = box.closest("[data-map-frame]");
    this.mode = box.dataset.mode;
    this.say = this.frame.querySelector("[data-map-say]");
    this.villages = new Map();
    this.tints = new Map();
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(box, {
      preferCanvas: true, attributionControl: false, zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.75,
      zoomAnimation: !this.still, fadeAnimation: false, scrollWheelZoom: true,
    });
    this.map.setView([-2.5, 118], 5);
    L.control.zoom({ zoomInTitle: this.text("ZoomIn"), zoomOutTitle: this.text("ZoomOut") }).addTo(this.map);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.boxes = [...this.frame.querySelectorAll("input[data-village]")];
    document.addEventListener("tanggap:theme", () => this.restyle());
    matchMedia("print").addEventListener("change", () => this.restyle());
    this.load();
  }

  tell(words, isBad = false) {
    this.say.textContent = words;
    this.say.classList.toggle("is-bad", isBad);
  }

  async load() {
    const { boundariesUrl, zonesUrl, householdsUrl, postsUrl, sharesUrl } = this.box.dataset;
    const optional = (url) => (url ? ask(url).catch(() => { this.tell(this.text("Failed"), true); return null; }) : null);
    try {
      const [boundaries, zones, shares] = await Promise.all([ask(boundariesUrl), optional(zonesUrl), optional(sharesUrl)]);
      this.shares = shares?.classes ?? {};
      this.addBoundaries(boundaries);
      if (zones) this.addZones(zones);
      this.fit();
      if (this.mode !== "view") this.startPicking();
      if (this.mode === "draw") this.startDrawing();
      const [households, posts] = await Promise.all([optional(householdsUrl), optional(postsUrl)]);
      if (households) this.households = new HouseholdLayer(columns(households)).addTo(this.map);
      if (posts) this.addPosts(posts);
    } catch {
      this.tell(this.text("Failed"), true);
    }
    this.box.dataset.ready = "";
  }

  fit() {
    let bounds = L.latLngBounds([]);
    const take = (layer) => { const b = layer.getBounds(); if (b.isValid()) bounds.extend(b); };
    this.zones?.eachLayer(take);
    for (const code of this.tints.keys()) this.villages.get(code)?.forEach(take);
    for (const input of this.boxes.filter((box) => box.checked)) this.villages.get(input.value)?.forEach(take);
    if (!bounds.isValid()) bounds = this.boundaries.getBounds();
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(0.12), { animate: false });
  }

  // ---- what is drawn ----
  addBoundaries(collection) {
    this.boundaries = L.geoJSON(collection, {
      style: (feature) => this.villageStyle(feature.properties.code),
      onEachFeature: (feature, layer) => {
        const { code, name, href } = feature.properties;
        if (!this.villages.has(code)) this.villages.set(code, []);
        this.villages.get(code).push(layer);
        layer.bindTooltip(escaped(name), { sticky: true });
        layer.on("click", () => this.onVillage(code, href));
      },
    }).addTo(this.map);
  }

  villageStyle(code) {
    const severity = this.tints.get(code);
    const isPicked = this.picked?.has(code);
    const style = { color: token("map-edge"), weight: 0.8, fillColor: token("map-land"), fillOpacity: 1 };
    const share = SHARE_TINTS[this.shares?.[code]];
    if (share !== undefined) Object.assign(style, { fillColor: token("brand"), fillOpacity: share });
    if (severity) Object.assign(style, { color: token(`sev-${severity}`), weight: 2, fillColor: token(`sev-${severity}`), fillOpacity: 0.24 });
    if (isPicked) Object.assign(style, { color: token("brand"), weight: 2.5, fillColor: token("brand"), fillOpacity: 0.22 });
    if (code === this.lit) Object.assign(style, { weight: 4 });
    return style;
  }

  zoneStyle(properties) {
    const colour = token(`sev-${["heavy", "medium", "light"].includes(properties.severity) ? properties.severity : "medium"}`);
    const isGone = properties.state === "withdrawn";
    return { color: colour, weight: 2.5, dashArray: isGone ? "6 5" : null, fillColor: colour, fillOpacity: isGone ? 0 : 0.2 };
  }

  addZones(collection) {
    const outlined = [];
    for (const feature of collection.features ?? []) {
      for (const code of feature.properties.village_codes ?? []) {
        this.tints.set(code, feature.properties.severity ?? "medium");
        this.restyleVillage(code);
      }
      if (feature.geometry) outlined.push(feature);
    }
    this.zones = L.geoJSON({ type: "FeatureCollection", features: outlined }, {
      interactive: this.mode === "view",
      style: (feature) => this.zoneStyle(feature.properties),
      onEachFeature: (feature, layer) => {
        const { name, href } = feature.properties;
        if (name) layer.bindTooltip(escaped(name), outlined.length <= 6 ? { permanent: true, direction: "center", className: "zone-name" } : { sticky: true });
        if (href && this.mode === "view") layer.on("click", () => window.location.assign(href));
      },
    }).addTo(this.map);
  }

  addPosts(collection) {
    L.geoJSON(collection, {
      pointToLayer: (feature, latlng) => L.marker(latlng, {
        icon: L.divIcon({ className: "post-pin", iconSize: [14, 14] }), title: feature.properties.name, alt: feature.properties.name,
      }).on("click", () => feature.properties.href && window.location.assign(feature.properties.href)),
    }).addTo(this.map);
  }

  restyleVillage(code) {
    for (const layer of this.villages.get(code) ?? []) layer.setStyle(this.villageStyle(code));
  }

  restyle() {
    for (const code of this.villages.keys()) this.restyleVillage(code);
    this.zones?.setStyle((feature) => this.zoneStyle(feature.properties));
    this.drawn?.setStyle(this.drawnStyle());
    this.households?.draw();
  }

  // ---- picking villages: the map and the list say the same ----
  onVillage(code, href) {
    if (this.mode === "view") {
      const row = this.frame.querySelector(`[data-code="${CSS.escape(code)}"]`);
      if (row) row.scrollIntoView({ block: "nearest", behavior: this.still ? "auto" : "smooth" });
      this.light(code);
      if (!row && href) window.location.assign(href);
      return;
    }
    if (this.isDrawing) return;
    const input = this.boxes.find((box) => box.value === code);
    if (!input) return;
    input.checked = !input.checked;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.closest("li")?.scrollIntoView({ block: "nearest" });
  }

  light(code) {
    const before = this.lit;
    this.lit = code;
    for (const one of [before, code]) if (one) this.restyleVillage(one);
    for (const row of this.frame.querySelectorAll("[data-code]")) row.classList.toggle("is-open", row.dataset.code === code);
  }

  startPicking() {
    this.picked = new Set(this.boxes.filter((box) => box.checked).map((box) => box.value));
    const count = this.frame.querySelector("[data-map-picked]");
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

  // ---- drawing ----
  drawnStyle() {
    return { color: token("brand"), weight: 3, fillColor: token("brand"), fillOpacity: 0.18 };
  }

  startDrawing() {
    this.drawn = L.geoJSON(null, { style: () => this.drawnStyle(), interactive: true }).addTo(this.map);
    this.outline = this.frame.querySelector("[data-map-outline]");
    this.file = this.frame.querySelector("[data-map-file]");
    const act = (name) => this.frame.querySelector(`[data-map-act=${name}]`);
    this.acts = { draw: act("draw"), edit: act("edit"), clear: act("clear"), upload: act("upload") };
    this.acts.draw.addEventListener("click", () => this.toggleDraw());
    this.acts.edit.addEventListener("click", () => this.toggleEdit());
    this.acts.clear.addEventListener("click", () => this.clear());
    this.acts.upload.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => this.takeFile());
    this.outline.addEventListener("change", () => this.takeText(this.outline.value));
    if (this.outline.value.trim()) this.takeText(this.outline.value);
  }

  async tools() {
    if (this.map.pm) return;
    const { geomanCss, geomanJs } = this.box.dataset;
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: geomanCss });
    document.head.append(sheet);
    await new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: geomanJs, onload: done, onerror: failed });
      script.nonce = document.querySelector("script[nonce]")?.nonce ?? "";
      document.head.append(script);
    });
    L.PM.reInitLayer(this.map);
    this.map.pm.setLang("tanggap", { tooltips: { firstVertex: this.text("First"), continueLine: this.text("Next"), finishPoly: this.text("Last"), placeMarker: "" } }, "en");
    this.map.pm.setGlobalOptions({ snappable: false, allowSelfIntersection: true, pathOptions: this.drawnStyle() });
    this.map.on("pm:create", (event) => {
      event.layer.remove();
      this.drawn.addData(event.layer.toGeoJSON());
      this.isDrawing = false;
      this.press("draw", false);
      this.write();
    });
    this.drawn.on("pm:edit", () => this.write());
  }

  press(name, isOn) { this.acts[name].setAttribute("aria-pressed", String(isOn)); }

  async toggleDraw() {
    await this.tools().catch(() => this.tell(this.text("Failed"), true));
    if (!this.map.pm) return;
    this.isDrawing = !this.isDrawing;
    this.press("draw", this.isDrawing);
    if (this.isDrawing) { this.stopEditing(); this.map.pm.enableDraw("Polygon"); this.tell(this.text("First")); } else { this.map.pm.disableDraw(); this.tell(""); }
  }

  async toggleEdit() {
    await this.tools().catch(() => this.tell(this.text("Failed"), true));
    if (!this.map.pm) return;
    if (this.isEditing) { this.stopEditing(); this.write(); return; }
    this.isEditing = true;
    this.press("edit", true);
    this.drawn.eachLayer((layer) => { if (!layer.pm) L.PM.reInitLayer(layer); layer.pm.enable({ snappable: false }); layer.on("pm:edit", () => this.write()); });
    this.tell(this.text("Editing"));
  }

  stopEditing() {
    if (!this.isEditing) return;
    this.isEditing = false;
    this.press("edit", false);
    this.drawn.eachLayer((layer) => layer.pm?.disable());
  }

  clear() {
    this.stopEditing();
    this.drawn.clearLayers();
    this.outline.value = "";
    this.showActs();
    this.tell(this.text("Cleared"));
    this.outline.dispatchEvent(new Event("input", { bubbles: true }));
  }

  write() {
    const polygons = [];
    this.drawn.eachLayer((layer) => polygons.push(...polygonsOf(layer.toGeoJSON(7))));
    this.outline.value = polygons.length === 0 ? "" : JSON.stringify(polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons });
    this.outline.dispatchEvent(new Event("input", { bubbles: true }));
    this.tellDrawn(polygons);
    this.showActs();
  }

  tellDrawn(polygons) {
    const points = polygons.flat().reduce((sum, ring) => sum + Math.max(0, ring.length - 1), 0);
    this.tell(this.text("Drawn", { points: printed(points) }));
  }

  showActs() {
    const has = this.drawn.getLayers().length > 0;
    this.acts.edit.hidden = this.acts.clear.hidden = !has;
  }

  async takeFile() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) { this.tell(this.text("TooLarge"), true); return; }
    this.takeText(await file.text(), true);
  }

  /** Show what the text says. The text itself is sent as it is, so that the server judges what was really given. */
  takeText(text, isFile = false) {
    this.stopEditing();
    let polygons = [];
    try { polygons = polygonsOf(JSON.parse(text)); } catch { polygons = []; }
    if (!text.trim()) { this.drawn.clearLayers(); this.showActs(); return; }
    if (polygons.length === 0) { this.tell(this.text("BadFile"), true); return; }
    if (isFile) this.outline.value = JSON.stringify(JSON.parse(text));
    this.drawn.clearLayers();
    try {
      for (const coordinates of polygons) this.drawn.addData({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates } });
    } catch { this.tell(this.text("BadFile"), true); return; }
    this.showActs();
    const here = this.boundaries.getBounds();
    if (here.isValid() && !here.pad(0.2).intersects(this.drawn.getBounds())) this.tell(this.text("Outside"), true);
    else { this.tellDrawn(polygons); this.map.fitBounds(this.drawn.getBounds().pad(0.4), { animate: false }); }
    this.outline.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function escaped(text) {
  const box = document.createElement("span");
  box.textContent = text;
  return box.innerHTML;
}

for (const box of document.querySelectorAll(".map[data-mode]")) box.tanggap = new AreaMap(box);
