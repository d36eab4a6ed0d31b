"""Invented names: lists of common given names and made-up family names, drawn and joined; nobody real is meant."""

from __future__ import annotations

REGENCY = "Kabupaten Kepulauan Wesawak"
PROVINCE = "Provinsi Contoh"
DISTRICTS = (
    "Wesawak Barat", "Wesawak Utara", "Lorimasa", "Wesawak Tengah", "Tanjung Maru", "Selat Kora", "Nusa Belang",
    "Pulau Panjari", "Teluk Sawai Contoh", "Wesawak Selatan",
)  # fmt: skip
_FIRST = (
    "Alu", "Batu", "Benteng", "Fatu", "Kora", "Lari", "Loru", "Maru", "Mela", "Namta", "Ola", "Pasir", "Rumah", "Sera",
    "Tanimar", "Tutu", "Uma", "Wai", "Wesa", "Yaru", "Air", "Labu", "Marga", "Soa",
)  # fmt: skip
_SECOND = ("bona", "dasi", "kari", "lema", "masa", "nera", "pati", "rihu", "sole", "tawa", "wela", "yena")
MEN = (
    "Abner", "Agus", "Amir", "Andreas", "Anton", "Arif", "Bambang", "Benny", "Daniel", "David", "Dedi", "Edi", "Elias",
    "Ferdi", "Frans", "Gerson", "Hadi", "Hasan", "Hendrik", "Imanuel", "Ismail", "Jaya", "Johan", "Joko", "Kristian",
    "Lukas", "Markus", "Matius", "Melki", "Muhamad", "Nikolas", "Obet", "Paulus", "Petrus", "Rahmat", "Robi", "Rudi",
    "Saleh", "Samuel", "Simon", "Stefanus", "Taufik", "Thomas", "Viktor", "Wahyu", "Yakob", "Yohanis", "Yusuf",
    "Zakarias",
)  # fmt: skip
WOMEN = (
    "Agnes", "Ana", "Anita", "Aisyah", "Bernadeta", "Dewi", "Debora", "Dorkas", "Elisabet", "Ester", "Eka", "Fatimah",
    "Fransina", "Halima", "Hana", "Ida", "Juliana", "Kartini", "Katarina", "Lena", "Lidia", "Lusia", "Magdalena",
    "Maria",
    "Marta", "Mega", "Melani", "Mira", "Naomi", "Nona", "Nur", "Oktavina", "Paulina", "Ratna", "Rina", "Rosa", "Rut",
    "Sari", "Selfina", "Siti", "Sofia", "Susana", "Tina", "Wati", "Welmina", "Yuliana", "Yuni", "Zubaida",
)  # fmt: skip
_CLAN_A = ("Ama", "Bale", "Dari", "Fena", "Kela", "Lama", "Mora", "Nara", "Pela", "Rata", "Sela", "Tama", "Uli", "Wari")
_CLAN_B = ("bela", "dora", "fuka", "kora", "lewa", "masi", "neru", "pono", "rola", "sina", "tawe", "wola")
CLANS = tuple(first + second for first in _CLAN_A for second in _CLAN_B)
ROADS = ("Jalan Pelabuhan", "Jalan Pantai", "Jalan Kebun", "Jalan Sekolah", "Jalan Masjid", "Jalan Gereja",
         "Jalan Pasar",
         "Jalan Mata Air", "Jalan Bukit")  # fmt: skip


def village_names(count: int) -> tuple[str, ...]:
    """Give so many different names; the order mixes first and second parts."""
    found = []
    for number in range(count):
        first, second = _FIRST[number % len(_FIRST)], _SECOND[(number * 5 + number // len(_FIRST)) % len(_SECOND)]
        found.append(f"{first} {second.capitalize()}" if number % 3 else f"{first}{second}")
    assert len(set(found)) == count
    return tuple(found)
