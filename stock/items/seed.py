"""The catalogue an office starts with: facts about relief goods, restated with where each was read.

Units are the base units in which the goods were counted in the sources; where two spellings or units compete, the
other names are aliases. Clothing is counted in sets (stel): the Sphere standard speaks of sets per person, while the
content of a "paket sandang" differs from shipment to shipment and has to be counted on arrival.

Sizes are those the sources name: L and P (laki-laki, perempuan) with S, M and XL for adults; L and P by age for
children, whose ages nobody wrote down; PA and PI (putra, putri) of three schools; botol and gelas of water; S, M, L
and adults' of diapers. A blanket for infants is an item of its own, because a package gives it by another rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.measures import MILLI, RUPIAH, Milli
from stock.items.kinds import Category, VariantSex

CASH = "uang_tunai"
"""Money as an item of a package: counted in rupiah, never stocked."""


@dataclass(frozen=True, slots=True)
class SeedPack:
    name: str
    quantity_milli: Milli
    source: str


@dataclass(frozen=True, slots=True)
class SeedVariant:
    name: str
    sex: VariantSex = VariantSex.ANY
    size: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedItem:
    code: str
    name_id: str
    name_en: str
    category: Category
    base_unit: str
    step_milli: int = MILLI
    does_expire: bool = False
    is_durable: bool = False
    is_stocked: bool = True
    packs: tuple[SeedPack, ...] = ()
    aliases: tuple[str, ...] = ()
    variants: tuple[SeedVariant, ...] = ()
    uncertain_units: tuple[str, ...] = ()
    """Units the sources count it in as well, without saying how many base units one is: read as unknown until the
    office enters its own box, never guessed."""
    source: str


FOOD, GOODS, SHELTER = Category.FOOD, Category.CLOTHING_AND_GOODS, Category.SHELTER
_TRADE = "ukuran dagang yang lazim; periksa pada dus yang diterima"


def _pack(name: str, units: int, source: str = _TRADE) -> SeedPack:
    return SeedPack(name, Milli(units * MILLI), source)


def _worn(sizes: tuple[str, ...], *, male: str = "Laki-laki", female: str = "Perempuan") -> tuple[SeedVariant, ...]:
    """Give every size for either sex."""
    return tuple(
        SeedVariant(f"{word} {size}".strip(), sex, size)
        for word, sex in ((male, VariantSex.MALE), (female, VariantSex.FEMALE))
        for size in sizes
    )


SEED: tuple[SeedItem, ...] = (
    SeedItem(code="kasur", name_id="Kasur", name_en="Mattress", category=GOODS, base_unit="buah", is_durable=True,
             aliases=("Kasur lipat", "Kasur busa"),
             uncertain_units=("paket",),
             source="suara.com 2019 dan daftar stok PMI (unit); kompas.com 2020 (lembar); antaranews 2021 (buah)"),
    SeedItem(code="velbed", name_id="Velbed", name_en="Camp bed", category=GOODS, base_unit="unit", is_durable=True,
             aliases=("Veldbed", "Tempat tidur lapangan"), source="suara.com 2019; kompas.com 2020"),
    SeedItem(code="matras", name_id="Matras", name_en="Sleeping mat", category=GOODS, base_unit="lembar",
             is_durable=True, source="antaranews 2021 dan infopublik 2016 (lembar); daftar stok PMI (pcs)"),
    SeedItem(code="tikar", name_id="Tikar", name_en="Woven mat", category=GOODS, base_unit="lembar", is_durable=True,
             source="tabel stok BPBD Kudus"),
    SeedItem(code="selimut", name_id="Selimut", name_en="Blanket", category=GOODS, base_unit="lembar",
             is_durable=True, aliases=("Selimut dewasa",),
             uncertain_units=("paket", "bale"),
             source="antaranews 2021 (lembar); infopublik 2016 (paket); daftar stok PMI (bale dan pcs bercampur)"),
    SeedItem(code="selimut_bayi", name_id="Selimut bayi", name_en="Infant blanket", category=GOODS,
             base_unit="lembar", is_durable=True, aliases=("Selimut bayi 100x70 cm",),
             source="InaSAFE SPHERE.json: 100 x 70 cm untuk anak di bawah dua tahun"),
    SeedItem(code="tenda_gulung", name_id="Tenda gulung", name_en="Rolled tarpaulin", category=SHELTER,
             base_unit="lembar", is_durable=True, aliases=("Terpal", "Terpal gulung"),
             source="antaranews 2021, suara.com 2019 (lembar); daftar stok PMI (unit)"),
    SeedItem(code="tenda_keluarga", name_id="Tenda keluarga", name_en="Family tent", category=SHELTER,
             base_unit="unit", is_durable=True, aliases=("Tenda family",),
             uncertain_units=("bag",),
             source="murianetwork.com 2025; daftar stok PMI 'Tenda Family' (bag)"),
    SeedItem(code="tenda_serbaguna", name_id="Tenda serbaguna", name_en="Multi-purpose tent", category=SHELTER,
             base_unit="unit", is_durable=True, source="antaranews 2021; kompas.com 2020"),
    SeedItem(code="sandang_dewasa", name_id="Pakaian dewasa", name_en="Adult clothing", category=GOODS,
             base_unit="stel", is_durable=True, aliases=("Sandang dewasa", "Paket sandang dewasa"),
             variants=_worn(("S", "M", "L", "XL")), uncertain_units=("paket", "pcs"),
             source="murianetwork.com 2025 'sandang dewasa dan anak'; dihitung per stel menurut Sphere"),
    SeedItem(code="sandang_anak", name_id="Pakaian anak", name_en="Child clothing", category=GOODS,
             base_unit="stel", is_durable=True, aliases=("Sandang anak", "Paket sandang anak"),
             variants=_worn(("",)), uncertain_units=("paket", "pcs"),
             source="murianetwork.com 2025; dihitung per stel menurut Sphere"),
    SeedItem(code="seragam_sd", name_id="Pakaian seragam SD", name_en="Primary school uniform", category=GOODS,
             base_unit="stel", is_durable=True,
             variants=_worn(("SD", "SMP", "SMA"), male="PA", female="PI"), uncertain_units=("buah",),
             source="tabel stok BPBD Kudus: 'Pakaian Seragam SD PA / PI'"),
    SeedItem(code="family_kit", name_id="Family kit (peralatan keluarga)", name_en="Family hygiene kit",
             category=GOODS, base_unit="paket", does_expire=True, aliases=("Famili kit", "Peralatan keluarga"),
             source="tvonenews 2024: minyak telon, bedak, sampo, sabun; dapat kedaluwarsa"),
    SeedItem(code="kidware", name_id="Kids ware (perlengkapan anak)", name_en="Children's kit", category=GOODS,
             base_unit="paket", does_expire=True, aliases=("Kid ware", "Kidsware"),
             source="antaranews 2021, suara.com 2019: 'Kid Ware' and 'Kids Ware' dalam satu tabel"),
    SeedItem(code="foodware", name_id="Food ware (perlengkapan makan)", name_en="Tableware kit", category=GOODS,
             base_unit="paket", is_durable=True, aliases=("Ford ware", "Foodware"),
             source="antaranews 2021 (salah tulis 'ford ware'); suara.com 2019"),
    SeedItem(code="peralatan_dapur", name_id="Peralatan dapur keluarga", name_en="Family kitchen set",
             category=GOODS, base_unit="paket", is_durable=True, aliases=("Alat dapur keluarga",),
             source="suara.com 2019; antaranews 2021"),
    SeedItem(code="makanan_siap_saji", name_id="Makanan siap saji", name_en="Ready-to-eat meal", category=FOOD,
             base_unit="paket", does_expire=True, uncertain_units=("karton",),
             source="antaranews 2021; murianetwork.com 2025"),
    SeedItem(code="lauk_pauk", name_id="Lauk pauk", name_en="Side-dish pack", category=FOOD, base_unit="paket",
             does_expire=True, source="infopublik 2016; murianetwork.com 2025"),
    SeedItem(code="makanan_anak", name_id="Makanan anak", name_en="Child food pack", category=FOOD,
             base_unit="paket", does_expire=True, source="suara.com 2019; antaranews 2021"),
    SeedItem(code="tambahan_gizi", name_id="Tambahan gizi", name_en="Nutrition supplement", category=FOOD,
             base_unit="paket", does_expire=True, source="tabel stok BPBD Kudus"),
    SeedItem(code="beras", name_id="Beras", name_en="Rice", category=FOOD, base_unit="kg", step_milli=100,
             does_expire=True,
             packs=(_pack("karung 5 kg", 5), _pack("karung 10 kg", 10, "madiunkota.go.id 2024: 10 kg per penerima"),
                    _pack("karung 25 kg", 25), _pack("karung 50 kg", 50), _pack("ton", 1000, "ton metrik")),
             uncertain_units=("karung",),
             source="republika 2015 dan 2019 (kg, ton); madiunkota.go.id 2024 (10 kg per penerima)"),
    SeedItem(code="mie_instan", name_id="Mi instan", name_en="Instant noodles", category=FOOD, base_unit="bungkus",
             does_expire=True, packs=(_pack("dus", 40), _pack("karton", 40)), aliases=("Mie instan", "Indomie"),
             source="suara.com 2019 (bungkus); BPBD Kudus (dus); daftar stok PMI (karton)"),
    SeedItem(code="minyak_goreng", name_id="Minyak goreng", name_en="Cooking oil", category=FOOD,
             base_unit="liter", does_expire=True, packs=(_pack("karton 12 x 1 l", 12),),
             source="kompasiana 2020; BPBD Kudus (liter); daftar stok PMI (karton isi 1 l)"),
    SeedItem(code="gula_pasir", name_id="Gula pasir", name_en="Sugar", category=FOOD, base_unit="kg",
             step_milli=500, does_expire=True, source="tabel stok BPBD Kudus"),
    SeedItem(code="sarden", name_id="Sarden", name_en="Canned sardines", category=FOOD, base_unit="kaleng",
             does_expire=True, packs=(_pack("karton", 24),), aliases=("Sardin", "Ikan kaleng"),
             source="kompasiana 2020; BPBD Kudus (kaleng); daftar stok PMI (karton)"),
    SeedItem(code="kornet", name_id="Kornet", name_en="Corned beef", category=FOOD, base_unit="kaleng",
             does_expire=True, source="kompasiana 2020; daftar stok PMI (kaleng)"),
    SeedItem(code="sambal", name_id="Sambal", name_en="Chilli sauce", category=FOOD, base_unit="botol",
             does_expire=True, aliases=("Saus sambal",), source="kompasiana 2020: satu botol dalam paket 2020"),
    SeedItem(code="kecap", name_id="Kecap", name_en="Soy sauce", category=FOOD, base_unit="botol",
             does_expire=True, source="kompasiana 2020; BPBD Kudus (botol)"),
    SeedItem(code="susu", name_id="Susu", name_en="Milk", category=FOOD, base_unit="liter", does_expire=True,
             aliases=("Susu UHT",), uncertain_units=("kaleng", "kotak", "sachet"),
             source="kompasiana 2020 (UHT, 1 liter)"),
    SeedItem(code="teh_celup", name_id="Teh celup", name_en="Tea bags", category=FOOD, base_unit="boks",
             does_expire=True, uncertain_units=("dus", "karton", "pack"),
             source="kompasiana 2020; daftar stok PMI (karton dan pack bercampur)"),
    SeedItem(code="air_mineral", name_id="Air mineral", name_en="Bottled water", category=FOOD, base_unit="dus",
             does_expire=True, aliases=("Aqua", "Air minum kemasan"),
             variants=(SeedVariant("Botol", size="botol"), SeedVariant("Gelas", size="gelas")),
             source="tabel stok BPBD Kudus; daftar stok PMI (karton)"),
    SeedItem(code="sabun_mandi", name_id="Sabun mandi", name_en="Bath soap", category=GOODS, base_unit="batang",
             does_expire=True, uncertain_units=("box",),
             source="kompasiana 2020"),
    SeedItem(code="pembalut", name_id="Pembalut wanita", name_en="Sanitary pads", category=GOODS,
             base_unit="pack", does_expire=True, uncertain_units=("pcs", "karton"),
             source="BPBD Kudus (pack); daftar stok PMI (karton dan pcs bercampur)"),
    SeedItem(code="popok", name_id="Popok", name_en="Diapers", category=GOODS, base_unit="buah", does_expire=True,
             aliases=("Pampers",),
             variants=(*(SeedVariant(f"Bayi {size}", size=size) for size in ("S", "M", "L")), SeedVariant("Dewasa")),
             uncertain_units=("karton",),
             source="BPBD Kudus; daftar stok PMI (karton)"),
    SeedItem(code="paket_sembako", name_id="Paket sembako", name_en="Staple food package",
             category=Category.PACKAGE, base_unit="paket", does_expire=True,
             source="kompasiana 2020: sepuluh isi, Rp300.000"),
    SeedItem(code="kompor_rakyat", name_id="Kompor Rakyat", name_en="Kompor Rakyat stove",
             category=Category.ASSISTANCE, base_unit="unit", is_durable=True,
             source="program kantor sendiri: 200 penerima di 10 kecamatan"),
    SeedItem(code=CASH, name_id="Uang tunai", name_en="Cash", category=Category.ASSISTANCE, base_unit=RUPIAH,
             is_stocked=False, source="jumlahnya menurut keputusan programnya"),
)  # fmt: skip
