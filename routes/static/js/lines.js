// Lines of goods: a new line appears when the last is used, Enter goes to the next line, what is blank is taken from
// the line above, the other of price and value is shown, and rows copied from a spreadsheet fill the lines.
// Without this script the same fields are sent, and the button for more lines asks the server.
const box = document.querySelector("[data-lines]");
const template = document.getElementById("line-template");
const options = new Map();
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]/gu, "");
for (const one of document.querySelectorAll("#goods-options option")) {
  const known = { name: one.value, unit: one.dataset.unit, packs: JSON.parse(one.dataset.packs), expires: "expires" in one.dataset, size: "size" in one.dataset };
  for (const said of [one.value, one.label]) if (said && !options.has(fold(said))) options.set(fold(said), known);
}

const english = document.documentElement.lang === "en";
const printed = (number) => number.toLocaleString(english ? "en-GB" : "id-ID", { maximumFractionDigits: 3 });
const all = () => [...box.querySelectorAll("[data-line]")];
const part = (line, name) => line.querySelector(`[name^="${name}-"]`);
const typed = (line, name) => part(line, name)?.value.trim() ?? "";

function known(text) {
  const wanted = fold(text);
  if (!wanted) return null;
  if (options.has(wanted)) return options.get(wanted);
  const begun = new Map([...options].filter(([name, one]) => name.startsWith(wanted) && !one.size).map(([, one]) => [one.name, one]));
  return begun.size === 1 ? [...begun.values()][0] : null;
}

// What a beginning can still mean, where it is not one thing.
function could(text) {
  const wanted = fold(text);
  if (wanted.length < 2) return "";
  const names = new Set([...options].filter(([name, one]) => name.startsWith(wanted) && !one.size).map(([, one]) => one.name));
  return names.size > 1 && names.size < 6 ? `${[...names].join(" · ")}?` : "";
}

// "1.204", "14,5" and "3 dus": thousandths of the base unit, and how many of the unit typed.
function amount(text, goods) {
  const match = /^([0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]{1,3})?|[0-9]+(?:,[0-9]{1,3})?)\s*(.*)$/.exec(text.trim());
  if (!match) return null;
  const count = Number(match[1].replace(/\./g, "").replace(",", "."));
  const unit = fold(match[2]);
  if (!unit || !goods || unit === fold(goods.unit)) return { count, base: count, isBase: true };
  const fits = goods.packs.filter(([name]) => fold(name) === unit || fold(name).startsWith(unit));
  const holds = new Set(fits.map(([, milli]) => milli));
  return holds.size === 1 ? { count, base: (count * [...holds][0]) / 1000, isBase: false } : { count, base: null, isBase: false };
}

const rupiah = (text) => (/^[0-9.]+$/.test(text) ? Number(text.replace(/\./g, "")) : null);

function show(line) {
  const goods = known(typed(line, "goods"));
  const much = amount(typed(line, "quantity"), goods);
  const said = line.querySelector("[data-line-said]");
  if (said) {
    if (!goods) said.textContent = could(typed(line, "goods"));
    else if (much && !much.isBase && much.base !== null) said.textContent = `= ${printed(much.base)} ${goods.unit}`;
    else said.textContent = [goods.unit, ...goods.packs.map(([name]) => name)].join(" · ");
  }
  const expires = part(line, "expires_on");
  if (expires) expires.placeholder = goods && !goods.expires ? "–" : "";
  const price = part(line, "price_rp"), value = part(line, "value_rp");
  if (!price || !value) return;
  const one = rupiah(price.value.trim()), whole = rupiah(value.value.trim());
  value.placeholder = !value.value && one !== null && much ? printed(Math.floor(one * much.count + 1e-6)) : "";
  price.placeholder = !price.value && whole !== null && much?.count ? printed(Math.floor(whole / much.count)) : "";
}

function add() {
  if (!template) return null;
  const no = all().length + 1;
  if (no > Number(box.dataset.most)) return null;
  const holder = document.createElement("div");
  holder.innerHTML = template.innerHTML.replaceAll("__no__", no);
  const line = holder.firstElementChild;
  box.append(line);
  const count = box.closest("form").querySelector("input[name=lines]");
  if (count) count.value = no;
  return line;
}

// What was typed in the line above stands in this one too, to be seen and changed.
function remember(line) {
  const lines = all(), above = lines.slice(0, lines.indexOf(line)).reverse();
  const goods = known(typed(line, "goods"));
  for (const name of ["funding", "expires_on"]) {
    const field = part(line, name);
    const isWanted = name !== "expires_on" || goods?.expires;
    if (field?.dataset.taken && !isWanted && field.value === field.dataset.taken) field.value = "";
    if (!field || field.value || !isWanted) continue;
    const before = above.find((one) => typed(one, name));
    if (before) field.dataset.taken = field.value = typed(before, name);
  }
}

function leave(input) {
  const line = input.closest("[data-line]");
  if (input.matches("[data-goods]") && input.value.trim()) {
    const goods = known(input.value);
    if (goods && fold(goods.name) !== fold(input.value) && !options.has(fold(input.value))) input.value = goods.name;
    remember(line);
    if (line === all().at(-1)) add();
  }
  show(line);
}

const MONEY = ["price_rp", "value_rp"];
const COLUMNS = [
  // The first that fits counts: "harga satuan" is a price, "nilai barang" a value.
  ["price_rp", /harga|price/i], ["value_rp", /nilai|total|value/i], ["damaged", /rusak|damaged/i],
  ["expires_on", /kedalu?warsa|exp|^ed$|berlaku/i], ["funding", /sumber|dana|fund/i],
  ["quantity", /jumlah|qty|banyak|volume|quantity/i], ["unit", /satuan|unit/i], ["goods", /barang|item|nama|uraian|goods/i],
];

// Either the first row names the columns, or they stand as in this form; a unit may stand behind the quantity.
function columns(first) {
  const named = first.map((cell) => COLUMNS.find(([, fits]) => fits.test(cell.trim()))?.[0]);
  if (named.includes("goods") && named.includes("quantity")) return named;
  return null;
}

function spread(text, from) {
  let rows = text.replace(/\r\n?/g, "\n").split("\n").map((row) => row.split("\t")).filter((row) => row.some((cell) => cell.trim()));
  const named = columns(rows[0]);
  if (named) rows = rows.slice(1);
  const order = (box.dataset.lines || "goods quantity").split(" ");
  let lines = all();
  let at = lines.indexOf(from), filled = 0;
  for (const row of rows) {
    const line = lines[at] ?? add();
    if (!line) break;
    lines = all();
    at += 1;
    const hasUnit = !named && row.length > 2 && /^[^\d\s]/.test(row[2].trim()) && !part(line, "funding")?.querySelector?.(`option[value="${CSS.escape(row[2].trim().toLowerCase())}"]`);
    const names = named ?? (hasUnit ? [order[0], order[1], "unit", ...order.slice(2)] : order);
    const cells = Object.fromEntries(names.map((name, index) => [name, (row[index] ?? "").trim()]).filter(([name]) => name));
    if (cells.unit && cells.quantity) cells.quantity += ` ${cells.unit}`;
    for (const [name, value] of Object.entries(cells)) {
      const field = name === "unit" ? null : part(line, name);
      if (!field || !value) continue;
      if (field instanceof HTMLSelectElement) {
        const option = [...field.options].find((one) => fold(one.text) === fold(value) || one.value === value.toLowerCase());
        if (option) field.value = option.value;
      } else field.value = MONEY.includes(name) ? value.replace(/^rp\.?\s*/i, "").replace(/,00$/, "").replace(/,(?=\d{3})/g, ".") : value;
    }
    remember(line);
    show(line);
    filled += 1;
  }
  if (all().at(-1) && typed(all().at(-1), "goods")) add();
  return filled;
}

if (box) {
  all().forEach(show);
  box.addEventListener("input", (event) => show(event.target.closest("[data-line]")));
  box.addEventListener("change", (event) => leave(event.target));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input, select")) return;
    event.preventDefault();
    leave(event.target);
    if (event.ctrlKey || event.metaKey) {
      const form = box.closest("form");
      form.requestSubmit(form.querySelector("button.is-primary"));
      return;
    }
    const lines = all(), here = lines.indexOf(event.target.closest("[data-line]"));
    const next = lines[here + 1] ?? add();
    (next ? part(next, "goods") : box.closest("form").querySelector("button.is-primary"))?.focus();
  });
  box.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!event.target.matches("[data-goods]") || !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const filled = spread(text, event.target.closest("[data-line]"));
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
    const told = document.getElementById("lines-told");
    if (told) told.textContent = told.dataset.text.replace("{count}", filled);
  });
  const more = box.closest("form").querySelector("button[name=more]");
  more?.addEventListener("click", (event) => {
    const line = add();
    if (!line) return;
    event.preventDefault();
    part(line, "goods").focus();
  });
}
