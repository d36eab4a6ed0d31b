// Drawing an area: polygon, circle, rectangle, moved corners, holes, several parts; by finger, by mouse, or typed as points.
// What is drawn stands as GeoJSON in the form's outline field, and nowhere else.
const L = window.L;
const MAX_FILE_BYTES = 5_000_000;
const CIRCLE_POINTS = 48;
const MANY_CORNERS = 40;
const EARTH_M = 6_371_008.8;
const KEPT_STEPS = 40;
const MODES = { draw: "Polygon", circle: "Circle", box: "Rectangle", hole: "Polygon" };

const rad = (degrees) => (degrees * Math.PI) / 180;
const rounded = (n) => Math.round(n * 1e7) / 1e7;

/** A circle as a ring of points, each as far from the middle on the ground. */
function circleRing(lon, lat, metres) {
  const far = metres / EARTH_M;
  const ring = Array.from({ length: CIRCLE_POINTS }, (_, i) => {
    const turn = (i * 2 * Math.PI) / CIRCLE_POINTS;
    const up = Math.asin(Math.sin(rad(lat)) * Math.cos(far) + Math.cos(rad(lat)) * Math.sin(far) * Math.cos(turn));
    const across = Math.atan2(Math.sin(turn) * Math.sin(far) * Math.cos(rad(lat)), Math.cos(far) - Math.sin(rad(lat)) * Math.sin(up));
    return [rounded(lon + (across * 180) / Math.PI), rounded((up * 180) / Math.PI)];
  });
  return [...ring, ring[0]];
}

function ringArea(ring) {
  let sum = 0;
  for (let i = 0; i < ring.length - 1; i += 1) {
    const [[lon1, lat1], [lon2, lat2]] = [ring[i], ring[i + 1]];
    sum += rad(lon2 - lon1) * (2 + Math.sin(rad(lat1)) + Math.sin(rad(lat2)));
  }
  return Math.abs((sum * EARTH_M ** 2) / 2);
}

const areaKm2 = (rings) => rings.reduce((sum, ring, at) => sum + (at ? -1 : 1) * ringArea(ring), 0) / 1e6;
const cornersOf = (rings) => rings.reduce((sum, ring) => sum + Math.max(0, ring.length - 1), 0);

/**
 * Points as people type them: "-7.98, 131.29; -7.99, 131.30; …" or one per line; an empty line begins the next part;
 * one point with a distance ("-7.98, 131.29, 500 m") is a circle. Latitude first; the other order is seen in Indonesia,
 * where no longitude is a latitude. A comma may be decimal where blanks or a semicolon part the numbers.
 */
export function readPoints(text) {
  const parts = text.trim().split(/\n\s*\n/).filter((one) => one.trim());
  return parts.map((part) => {
    const lines = part.split(/[;\n]/).map((one) => one.trim()).filter(Boolean);
    const points = lines.map((line) => {
      const metres = line.match(/(?:^|[\s,])(\d+(?:[.,]\d+)?)\s*(km|m)\s*$/i);
      const rest = metres ? line.slice(0, metres.index).replace(/[,\s]+$/, "") : line;
      const told = (rest.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
      const typed = /^-?\d+,\d+\s+-?\d+,\d+$/.test(rest) ? rest.split(/\s+/).map((one) => Number(one.replace(",", "."))) : told;
      if (typed.length !== 2) return null;
      const [lat, lon] = Math.abs(typed[0]) > 90 ? [typed[1], typed[0]] : typed;
      if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null;
      const reach = metres ? Number(metres[1].replace(",", ".")) * (metres[2].toLowerCase() === "km" ? 1000 : 1) : null;
      return { lat, lon, reach };
    });
    if (points.includes(null)) return null;
    if (points.length === 1 && points[0].reach > 0) return [circleRing(points[0].lon, points[0].lat, points[0].reach)];
    if (points.length < 3 || points.some((one) => one.reach)) return null;
    const ring = points.map(({ lon, lat }) => [lon, lat]);
    const [first, last] = [ring[0], ring.at(-1)];
    return [first[0] === last[0] && first[1] === last[1] ? ring : [...ring, first]];
  });
}

class Drawing {
  constructor(area, kit) {
    Object.assign(this, { area, kit, steps: [], mode: null });
    this.map = area.map;
    this.drawn = L.geoJSON(null, { style: () => this.style(), interactive: true }).addTo(this.map);
    this.outline = area.part("outline");
    this.file = area.part("file");
    this.list = area.part("parts");
    this.points = area.part("points");
    this.acts = Object.fromEntries([...area.frame.querySelectorAll("[data-map-act]")].map((one) => [one.dataset.mapAct, one]));
    for (const [name, button] of Object.entries(this.acts)) button.addEventListener("click", () => this.act(name));
    this.file.addEventListener("change", () => this.takeFile());
    this.outline.addEventListener("change", () => this.takeText(this.outline.value));
    this.map.on("click", () => this.mode && this.showActs());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.mode) this.leave();
    });
    if (this.outline.value.trim()) this.takeText(this.outline.value);
    this.showActs();
  }

  get isBusy() { return this.mode !== null; }

  style() { return { color: this.kit.token("brand"), weight: 3, fillColor: this.kit.token("brand"), fillOpacity: 0.2 }; }

  restyle() { this.drawn.setStyle(() => this.style()); }

  tell(name, facts, isBad = false) { this.area.tell(name && this.area.text(name, facts), isBad); }

  async act(name) {
    if (name === "upload") { this.file.click(); return; }
    if (name === "typed") { this.takePoints(); return; }
    if (name === "undo") { this.undo(); return; }
    if (name === "clear") { this.clear(); return; }
    if (name === "done") { this.finish(); return; }
    if (name === "cancel") { this.leave(); return; }
    await this.tools().catch(() => this.tell("Failed", {}, true));
    if (!this.map.pm) return;
    const isOn = this.mode === name;
    this.leave();
    if (!isOn) this.enter(name);
  }

  async tools() {
    if (this.map.pm) return;
    const { geomanCss, geomanJs } = this.area.box.dataset;
    // Before our own style sheet, which makes the handles as large as a thumb.
    document.head.prepend(Object.assign(document.createElement("link"), { rel: "stylesheet", href: geomanCss }));
    await new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: geomanJs, onload: done, onerror: failed });
      script.nonce = document.querySelector("script[nonce]")?.nonce ?? "";
      document.head.append(script);
    });
    L.PM.reInitLayer(this.map);
    const text = (name) => this.area.text(name);
    this.map.pm.setLang("tanggap", { tooltips: {
      firstVertex: text("First"), continueLine: text("Next"), finishPoly: text("Last"), startCircle: text("CircleFirst"), finishCircle: text("CircleLast"),
      firstVertexRect: text("BoxFirst"), startRect: text("BoxFirst"), finishRect: text("BoxLast"), placeMarker: "",
    } }, "en");
    this.map.pm.setGlobalOptions({ snappable: false, allowSelfIntersection: true, pathOptions: this.style() });
    this.map.on("pm:create", (event) => this.take(event.layer, event.shape));
  }

  enter(name) {
    this.mode = name;
    this.acts[name].setAttribute("aria-pressed", "true");
    if (name === "edit") this.setEditing(true);
    else if (name === "remove") this.drawn.eachLayer((layer) => layer.on("click", this.onRemove, this));
    else this.map.pm.enableDraw(MODES[name], { tooltips: matchMedia("(pointer: fine)").matches, continueDrawing: false });
    this.tell({ draw: "First", circle: "CircleFirst", box: "BoxFirst", hole: "HoleFirst", edit: "Editing", remove: "Removing" }[name]);
    this.showActs();
  }

  /** Leave the mode; what was drawn but not finished is given up. */
  leave() {
    const { mode } = this;
    if (!mode) return;
    this.mode = null;
    this.acts[mode].setAttribute("aria-pressed", "false");
    if (mode === "edit") { this.setEditing(false); this.write(); }
    else if (mode === "remove") this.drawn.eachLayer((layer) => layer.off("click", this.onRemove, this));
    else this.map.pm.disableDraw();
    this.tell("");
    this.showActs();
  }

  finish() {
    if (this.mode === "draw" || this.mode === "hole") {
      const tool = this.map.pm.Draw.Polygon;
      if ((tool._layer?.getLatLngs() ?? []).length < 3) { this.tell("TooFew", {}, true); return; }
      tool._finishShape();
      return;
    }
    this.leave();
  }

  setEditing(isOn) {
    this.drawn.eachLayer((layer) => {
      if (!layer.pm) L.PM.reInitLayer(layer);
      if (isOn) { layer.pm.enable({ snappable: false, allowSelfIntersection: true, hideMiddleMarkers: cornersOf(this.kit.polygonsOf(layer.toGeoJSON()).flat()) > MANY_CORNERS }); layer.on("pm:edit", this.write, this); }
      else { layer.off("pm:edit", this.write, this); layer.pm.disable(); }
    });
  }

  take(layer, shape) {
    const mode = this.mode;
    layer.remove();
    const rings = shape === "Circle"
      ? [circleRing(layer.getLatLng().lng, layer.getLatLng().lat, layer.getRadius())]
      : layer.toGeoJSON(7).geometry.coordinates;
    this.leave();
    if (mode === "hole") this.cut(L.polygon(L.GeoJSON.coordsToLatLngs(rings, 1)));
    else { this.add(rings); this.write(); }
  }

  add(rings) {
    this.drawn.addData({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: rings } });
  }

  /** Take a shape away from every part: a hole, a bay, or all of it. */
  cut(hole) {
    const before = this.polygons();
    const left = [];
    for (const coordinates of before) {
      const part = L.polygon(L.GeoJSON.coordsToLatLngs(coordinates, 1));
      left.push(...this.kit.polygonsOf(this.map.pm.Draw.Cut._cutLayer(hole, part)));
    }
    this.put(left);
    this.write();
    this.tell(JSON.stringify(before) === JSON.stringify(this.polygons()) ? "NothingCut" : "Cut");
  }

  onRemove(event) {
    L.DomEvent.stop(event);
    this.drawn.removeLayer(event.target);
    this.write();
    this.leave();
    this.tell("Removed");
  }

  put(polygons) {
    this.drawn.clearLayers();
    for (const coordinates of polygons) this.add(coordinates);
  }

  polygons() {
    const found = [];
    this.drawn.eachLayer((layer) => found.push(...this.kit.polygonsOf(layer.toGeoJSON(7))));
    return found;
  }

  // ---- undo: a point while drawing, else the last step ----
  undo() {
    if (this.mode === "draw" || this.mode === "hole") {
      this.map.pm.Draw.Polygon._removeLastVertex();
      return;
    }
    const wasEditing = this.mode === "edit";
    if (wasEditing) { this.setEditing(false); this.mode = null; this.acts.edit.setAttribute("aria-pressed", "false"); }
    if (this.steps.length < 2) return;
    this.steps.pop();
    const before = this.steps.at(-1);
    this.put(before ? this.kit.polygonsOf(JSON.parse(before)) : []);
    this.outline.value = before;
    this.changed();
    this.tell("Undone");
  }

  clear() {
    this.leave();
    this.drawn.clearLayers();
    this.write();
    this.tell("Cleared");
  }

  write() {
    const polygons = this.polygons();
    const geometry = polygons.length === 1 ? { type: "Polygon", coordinates: polygons[0] } : { type: "MultiPolygon", coordinates: polygons };
    this.outline.value = polygons.length ? JSON.stringify(geometry) : "";
    this.keep();
    this.changed();
  }

  keep() {
    if (this.steps.at(-1) === this.outline.value) return;
    if (!this.steps.length) this.steps.push("");
    if (this.outline.value) this.steps.push(this.outline.value); else if (this.steps.at(-1) !== "") this.steps.push("");
    this.steps.splice(0, this.steps.length - KEPT_STEPS);
  }

  changed() {
    this.outline.dispatchEvent(new Event("input", { bubbles: true }));
    this.tellDrawn();
    this.showActs();
  }

  tellDrawn() {
    const polygons = this.polygons();
    const { printed } = this.kit;
    const size = (rings) => ({ points: printed(cornersOf(rings)), area: printed(areaKm2(rings), areaKm2(rings) < 10 ? 2 : 0) });
    if (polygons.length) {
      const all = { points: printed(polygons.reduce((sum, one) => sum + cornersOf(one), 0)), area: printed(polygons.reduce((sum, one) => sum + areaKm2(one), 0), 2) };
      this.tell("Drawn", all);
    } else this.tell("");
    this.list.replaceChildren(...polygons.map((rings, at) => {
      const row = document.createElement("li");
      const words = Object.assign(document.createElement("span"), { textContent: this.area.text(rings.length > 1 ? "PartHoles" : "Part", { no: at + 1, holes: printed(rings.length - 1), ...size(rings) }) });
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button is-quiet", textContent: this.area.text("RemovePart", { no: at + 1 }) });
      button.addEventListener("click", () => {
        this.leave();
        this.put(this.polygons().filter((_, other) => other !== at));
        this.write();
        (this.list.querySelector("button") ?? this.acts.draw).focus();
      });
      row.append(words, button);
      return row;
    }));
  }

  showActs() {
    const has = this.drawn.getLayers().length > 0;
    for (const name of ["edit", "hole", "remove", "clear"]) this.acts[name].hidden = !has;
    const isShaping = this.mode === "draw" || this.mode === "hole";
    this.acts.undo.hidden = !isShaping && this.steps.length < 2;
    this.acts.done.hidden = this.acts.cancel.hidden = !this.mode;
    this.acts.cancel.hidden = !this.mode || this.mode === "edit";
    this.area.frame.classList.toggle("is-drawing", Boolean(this.mode));
  }

  // ---- typed and uploaded ----
  takePoints() {
    const parts = readPoints(this.points.value);
    if (!parts.length || parts.includes(null)) { this.tell("BadPoints", {}, true); this.points.focus(); return; }
    this.leave();
    for (const rings of parts) this.add(rings);
    this.points.value = "";
    this.write();
    this.look();
  }

  async takeFile() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    if (file.size > MAX_FILE_BYTES) { this.tell("TooLarge", {}, true); return; }
    this.takeText(await file.text(), true);
  }

  /** Show what the text says. The text itself is sent as it is, so that the server judges what was really given. */
  takeText(text, isFile = false) {
    this.leave();
    let polygons = [];
    try { polygons = this.kit.polygonsOf(JSON.parse(text)); } catch { polygons = []; }
    if (!text.trim()) { this.drawn.clearLayers(); this.keep(); this.changed(); return; }
    if (polygons.length === 0) {
      const parts = isFile ? [] : readPoints(text);
      if (!parts.length || parts.includes(null)) { this.tell("BadFile", {}, true); return; }
      this.put(parts);
      this.write();
      this.look();
      return;
    }
    if (isFile) this.outline.value = JSON.stringify(JSON.parse(text));
    try { this.put(polygons); } catch { this.tell("BadFile", {}, true); return; }
    this.keep();
    this.changed();
    this.look();
  }

  look() {
    const here = this.area.boundaries.getBounds();
    const drawn = this.drawn.getBounds();
    if (here.isValid() && drawn.isValid() && !here.pad(0.2).intersects(drawn)) this.tell("Outside", {}, true);
    else this.area.show(drawn, 0.4);
  }
}

export function start(area, kit) {
  area.drawing = new Drawing(area, kit);
}
