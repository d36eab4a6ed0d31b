// Households on the map: gathered on the server, five groups in one ring; a few in view are shown one by one.
const L = window.L;
const GROUPS = ["certain", "probable", "verify", "confirmed", "rejected"];
const COLOURS = ["certain", "probable", "verify", "ink", "quiet"];
const NUMBERS = { certain: 0, probable: 1, verify: 2, to_verify: 2 };
const CELL_PX = 34;
const WAIT_MS = 140;

const Signs = L.Layer.extend({
  initialize(kit) { this.kit = kit; this.signs = []; },
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
  put(signs) { this.signs = signs; this.draw(); },
  draw() {
    const map = this._map;
    if (!map) return;
    const { token } = this.kit;
    const size = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: size.x * ratio, height: size.y * ratio });
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const colours = COLOURS.map(token);
    const [ground, ink] = [token("surface"), token("ink")];
    for (const sign of this.signs) {
      const at = map.latLngToContainerPoint([sign.lat, sign.lon]);
      if (at.x < -20 || at.y < -20 || at.x > size.x + 20 || at.y > size.y + 20) continue;
      sign.at = at;
      if (sign.n === 1) lone(pen, at.x, at.y, sign.counts.indexOf(1), colours, ground, ink);
      else crowd(pen, at.x, at.y, sign, colours, ground, ink);
    }
  },
  /** The sign under a finger. */
  under(point) {
    const near = this.signs.filter((one) => one.at && one.at.distanceTo(point) <= Math.max(16, reach(one.n)));
    return near.sort((a, b) => a.at.distanceTo(point) - b.at.distanceTo(point))[0];
  },
});

const reach = (n) => (n === 1 ? 6 : Math.min(19, 8 + Math.log2(n) * 0.85));

/** Filled, half, open: sure, likely, to be checked; a tick: confirmed; a cross: rejected. The legend's signs are the same. */
function lone(pen, x, y, group, colours, ground, ink) {
  pen.beginPath(); pen.arc(x, y, 7, 0, 7); pen.fillStyle = ground; pen.fill();
  pen.strokeStyle = pen.fillStyle = colours[group];
  pen.lineWidth = 2;
  pen.beginPath(); pen.arc(x, y, 5, 0, 7);
  if (group === 0 || group === 3) pen.fill(); else if (group !== 4) pen.stroke();
  if (group === 1) { pen.beginPath(); pen.arc(x, y, 5, Math.PI / 2, Math.PI * 1.5); pen.fill(); }
  pen.beginPath();
  if (group === 3) { pen.strokeStyle = ground; pen.lineWidth = 1.6; pen.moveTo(x - 2.6, y); pen.lineTo(x - 0.6, y + 2.2); pen.lineTo(x + 2.8, y - 2.2); pen.stroke(); }
  if (group === 4) { pen.strokeStyle = ink; pen.moveTo(x - 4, y - 4); pen.lineTo(x + 4, y + 4); pen.moveTo(x + 4, y - 4); pen.lineTo(x - 4, y + 4); pen.stroke(); }
}

function crowd(pen, x, y, sign, colours, ground, ink) {
  const radius = reach(sign.n);
  pen.beginPath(); pen.arc(x, y, radius + 1.5, 0, 7); pen.fillStyle = ground; pen.fill();
  let from = -Math.PI / 2;
  pen.lineWidth = 3.5;
  sign.counts.forEach((n, group) => {
    if (!n) return;
    const to = from + (n / sign.n) * Math.PI * 2;
    // Patterns of the ring for whoever sees no colours: whole, long dashes, dots, double, thin.
    pen.setLineDash([[], [5, 2], [1.5, 2], [], [1, 4]][group]);
    pen.beginPath(); pen.arc(x, y, radius - 1, from, to); pen.strokeStyle = colours[group]; pen.stroke();
    pen.setLineDash([]);
    if (group === 3) { pen.lineWidth = 1.2; pen.strokeStyle = ground; pen.stroke(); pen.lineWidth = 3.5; }
    from = to;
  });
  pen.fillStyle = ink;
  pen.font = `600 ${sign.n > 999 ? 10 : 11}px "Plus Jakarta Sans", sans-serif`;
  pen.fillText(sign.n > 9999 ? `${Math.round(sign.n / 1000)}k` : String(sign.n), x, y + 0.5);
}

/** What a page has all at once (columns, or features) gathered in cells of the screen. */
function gathered(map, points) {
  const cells = new Map();
  points.lon_deg.forEach((lon, i) => {
    const at = map.project([points.lat_deg[i], lon]);
    const key = Math.floor(at.x / CELL_PX) * 1e7 + Math.floor(at.y / CELL_PX);
    let cell = cells.get(key);
    if (!cell) cells.set(key, (cell = { lon: 0, lat: 0, n: 0, counts: [0, 0, 0, 0, 0] }));
    cell.lon += lon; cell.lat += points.lat_deg[i]; cell.n += 1; cell.counts[points.group[i]] += 1;
  });
  return [...cells.values()].map((cell) => ({ ...cell, lon: cell.lon / cell.n, lat: cell.lat / cell.n }));
}

function columns(answer) {
  const number = (group) => (typeof group === "number" ? group : NUMBERS[group] ?? 2);
  if (Array.isArray(answer.lon_deg)) return { ...answer, group: answer.group.map(number) };
  const points = { lon_deg: [], lat_deg: [], group: [] };
  for (const { geometry, properties } of answer.features ?? []) {
    points.lon_deg.push(geometry.coordinates[0]);
    points.lat_deg.push(geometry.coordinates[1]);
    points.group.push(number(properties.group));
  }
  return points;
}

function signsOf(answer) {
  if (answer.points) {
    const { lon_deg: lon, lat_deg: lat, group, id } = answer.points;
    return lon.map((_, i) => ({ lon: lon[i], lat: lat[i], n: 1, id: id?.[i], counts: GROUPS.map((_name, g) => Number(g === group[i])) }));
  }
  const { lon_deg: lon, lat_deg: lat, counts } = answer.cells;
  return lon.map((_, i) => {
    const own = counts.map((column) => column[i]);
    return { lon: lon[i], lat: lat[i], counts: own, n: own.reduce((a, b) => a + b, 0) };
  });
}

class Households {
  constructor(area, kit) {
    Object.assign(this, { area, kit, isOn: true });
    this.layer = new Signs(kit).addTo(area.map);
    this.note = area.part("households-say");
    area.map.on("click", (event) => this.onTap(event));
  }

  async start() {
    const { cellsUrl, householdsUrl } = this.area.box.dataset;
    const { map } = this.area;
    if (cellsUrl) {
      map.on("moveend", () => { clearTimeout(this.waiting); this.waiting = setTimeout(() => this.refresh(cellsUrl), WAIT_MS); });
      await this.refresh(cellsUrl);
      return this;
    }
    const points = columns(await this.kit.ask(householdsUrl));
    const gather = () => this.layer.put(gathered(map, points));
    map.on("zoomend", gather);
    gather();
    return this;
  }

  async refresh(url) {
    if (!this.isOn) return;
    this.asking?.abort();
    this.asking = new AbortController();
    const { map } = this.area;
    const box = map.getBounds().pad(0.15);
    const sides = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((one) => one.toFixed(4));
    try {
      const answer = await this.kit.ask(`${url}?zoom=${map.getZoom()}&kotak=${sides.join(",")}`, this.asking.signal);
      this.layer.put(signsOf(answer));
      this.tell(answer);
      if (this.hasFailed) { this.hasFailed = false; this.area.tell(""); }
    } catch (error) {
      if (error.name === "AbortError") return;
      this.hasFailed = true;
      this.area.tell(this.area.text("Failed"), true);
    }
  }

  tell({ placed, unplaced, few }) {
    if (!this.note) return;
    const { printed } = this.kit;
    const words = [this.area.text("Placed", { count: printed(placed), unplaced: printed(unplaced) })];
    if (few) words.push(this.area.text("Few", { count: printed(few) }));
    this.note.textContent = words.join(" ");
  }

  onTap(event) {
    if (!this.isOn || this.area.mode !== "view") return;
    const sign = this.layer.under(event.containerPoint);
    if (!sign) return;
    const { householdHref } = this.area.box.dataset;
    if (sign.id && householdHref) window.location.assign(householdHref.replace("00000000-0000-0000-0000-000000000000", sign.id));
    else if (sign.n > 1) this.area.map.setView([sign.lat, sign.lon], Math.min(this.area.map.getZoom() + 2, 19), { animate: !this.area.still });
  }

  isUnder(point) { return this.isOn && Boolean(this.layer.under(point)); }

  turn(isOn) {
    this.isOn = isOn;
    if (isOn) this.layer.addTo(this.area.map); else this.layer.remove();
    if (isOn && this.area.box.dataset.cellsUrl) this.refresh(this.area.box.dataset.cellsUrl);
  }

  restyle() { this.layer.draw(); }
}

export const start = (area, kit) => new Households(area, kit).start();
