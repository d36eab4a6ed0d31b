// The areas through time: a slider over every posting and withdrawal, and the same as a list of buttons.
const L = window.L;
const WAIT_MS = 160;

class Versions {
  constructor(area, kit) {
    Object.assign(this, { area, kit });
    this.range = area.part("moment");
    this.told = area.part("moment-say");
    this.paper = document.querySelector("[data-map-paper]");
    this.buttons = [...area.frame.querySelectorAll("button[data-moment]")];
    if (!this.range) return;
    this.range.addEventListener("input", () => { this.name(); clearTimeout(this.waiting); this.waiting = setTimeout(() => this.go(), WAIT_MS); });
    for (const button of this.buttons) {
      button.addEventListener("click", () => { this.range.value = button.dataset.moment; this.name(); this.go(); });
    }
    for (const step of area.frame.querySelectorAll("button[data-step]")) {
      step.addEventListener("click", () => { this.range.value = String(Number(this.range.value) + Number(step.dataset.step)); this.name(); this.go(); });
    }
    this.name();
    this.go();
  }

  get current() { return this.buttons.find((one) => one.dataset.moment === this.range.value); }

  name() {
    const words = this.current?.dataset.words ?? "";
    this.range.setAttribute("aria-valuetext", words);
    this.told.textContent = words;
    for (const one of this.buttons) one.setAttribute("aria-pressed", String(one === this.current));
  }

  async go() {
    const no = this.range.value;
    this.asking?.abort();
    this.asking = new AbortController();
    const { area } = this;
    try {
      const answer = await this.kit.ask(this.range.dataset.url.replace("/0.json", `/${no}.json`), this.asking.signal);
      area.addZones(answer);
      this.before?.remove();
      this.before = answer.before && L.geoJSON(answer.before, {
        interactive: false, pmIgnore: true, style: { color: this.kit.token("ink"), weight: 2, dashArray: "3 6", fill: false },
      }).addTo(area.map);
      const { printed } = this.kit;
      const { joined, left, unchanged } = answer.counts;
      this.told.textContent = `${this.current?.dataset.words ?? ""} ${area.text("Changed", { joined: printed(joined), left: printed(left), unchanged: printed(unchanged) })}`;
      if (this.paper) {
        const to = new URL(this.paper.href);
        to.searchParams.set("saat", no);
        this.paper.href = to.href;
      }
    } catch (error) {
      if (error.name !== "AbortError") area.tell(area.text("Failed"), true);
    }
  }
}

export const start = (area, kit) => new Versions(area, kit);
