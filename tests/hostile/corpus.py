"""Files that mean harm, made here and nowhere else: each with the name it comes under and the code it is refused with.

``python -m tests.hostile.corpus FOLDER`` writes them out, for whoever wants to try them elsewhere.
"""

from __future__ import annotations

import io
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    name: str
    file_name: str
    make: Callable[[], bytes]
    code: str


def parts(sheet: str, **more: str) -> dict[str, str]:
    """Give the parts of the smallest workbook with one sheet."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        SHEET: sheet,
    } | more


def sheet(*rows: str, before: str = "") -> str:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def row(number: int, **cells: str) -> str:
    inside = "".join(
        f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>' for place, text in cells.items()
    )  # fmt: skip
    return f'<row r="{number}">{inside}</row>'


def zipped(files: dict[str, str] | list[tuple[str, str]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", method) as archive:
        for name, text in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, text)
    return found.getvalue()


def column(index: int) -> str:
    name = ""
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def corpus() -> Iterator[Hostile]:
    """Give every file once; its bytes are made when asked for."""
    plain = sheet(row(1, A1="kode", B1="jumlah"), row(2, A2="a", B2="1"))
    yield from _zips(plain)
    yield from _names(plain)
    yield from _cells()
    yield from _xml()


def one(name: str, code: str, make: Callable[[], bytes], file_name: str = "stok.xlsx") -> Hostile:
    return Hostile(name=name, file_name=file_name, make=make, code=code)


def book(name: str, code: str, make: Callable[[], str], **more: str) -> Hostile:
    """A workbook whose harm lies in the XML of its sheet or of one more part."""
    return one(name, code, lambda: zipped(parts(make(), **more)))


def _zips(plain: str) -> Iterator[Hostile]:
    def good() -> bytes:
        return zipped(parts(plain))

    def twice() -> bytes:
        return zipped([*parts(plain).items(), (SHEET.upper(), sheet(row(1, A1="lain")))])

    picture, empty = "xl/media/image1.png", parts(sheet())
    yield one("bomb_in_the_sheet", "reader.unpacks_too_large", lambda: bomb(SHEET, 64))
    yield one("bomb_in_a_picture", "reader.unpacks_too_large", lambda: bomb(picture, 64))
    yield one("bomb_of_ratio", "reader.unpacks_too_large", lambda: bomb(SHEET, 20))
    yield one("bomb_that_lies", "reader.broken_workbook", lambda: lying(bomb(SHEET, 64)))
    many = {f"xl/media/{number}.png": "" for number in range(300)}
    yield one("many_parts", "reader.too_many_parts", lambda: zipped(empty | many))
    for name, path in (("slip", "xl/../../evil.sh"), ("absolute", "/etc/cron.d/x"), ("backslash", "xl\\..\\x")):
        yield one(name, "reader.not_a_workbook", partial(zipped, empty | {path: "x"}))
    yield one("two_of_one_name", "reader.broken_workbook", twice)
    yield one("behind_other_bytes", "reader.broken_workbook", lambda: b"PK\x03\x04 lalu yang lain" + good())
    yield one("cut_off", "reader.broken_workbook", lambda: good()[: len(good()) * 2 // 3])
    yield one("flipped_byte", "reader.broken_workbook", lambda: flipped(good()))
    yield one("encrypted", "reader.old_workbook", lambda: marked_encrypted(good()))
    yield one("only_the_beginning", "reader.broken_workbook", lambda: b"PK\x03\x04")
    yield one("another_zip", "reader.not_a_workbook", lambda: zipped({"doc.kml": "<kml/>"}))
    yield one("macros", "reader.macros", lambda: zipped(empty | {"xl/vbaProject.bin": "x"}))


def _names(plain: str) -> Iterator[Hostile]:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    page = b"<html><table><tr><td>kode</td></tr></table></html>"
    yield one("workbook_named_csv", "reader.not_what_it_says", lambda: zipped(parts(plain)), "stok.csv")
    yield one("text_named_xlsx", "reader.not_what_it_says", lambda: b"kode;jumlah\na;1\n")
    yield one("page_named_xlsx", "reader.not_what_it_says", lambda: page)
    yield one("old_workbook", "reader.old_workbook", lambda: old)
    yield one("old_name", "reader.old_workbook", lambda: old, "stok.xls")
    yield one("program", "reader.unknown_kind", lambda: b"MZ\x90\x00" + bytes(100), "stok.exe")
    yield one("picture_named_csv", "reader.not_text", lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "stok.csv")
    yield one("nothing", "reader.empty", lambda: b"", "stok.csv")
    yield one("blanks", "reader.empty", lambda: b"\xef\xbb\xbf \n ; ; \n", "stok.csv")


def _cells() -> Iterator[Hostile]:
    for far, number in (("A1048576", 1_048_576), ("XFD1048576", 1_048_576), ("A900000", 900_000)):
        yield book(f"far_cell_{far}", "reader.far_cell", partial(_far, far, number))
    yield book("thousand_columns", "reader.too_many_columns",
               lambda: sheet(row(1, **{f"{column(number)}1": "x" for number in range(1, 1001)})))  # fmt: skip
    yield one("thousand_columns_text", "reader.too_many_columns", lambda: b";".join([b"x"] * 1000), "stok.csv")
    yield book("beyond_a_spreadsheet", "reader.broken_workbook",
               lambda: sheet(f'<row r="1"><c r="A{10**18}"><v>1</v></c></row>'))  # fmt: skip
    yield book("column_of_letters", "reader.broken_workbook",
               lambda: sheet('<row r="1"><c r="ZZZZZZZZ1"><v>1</v></c></row>'))  # fmt: skip
    yield book("many_rows", "reader.too_many_rows", lambda: sheet(
        *(f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>' for number in range(1, 12_000))
    ))  # fmt: skip
    yield one("many_rows_text", "reader.too_many_rows", lambda: b"kode\n" + b"a\n" * 12_000, "stok.csv")
    yield book("long_cell", "reader.cell_long", lambda: sheet(row(1, A1="x" * 40_000)))


def _far(place: str, number: int) -> str:
    return sheet(row(1, A1="kode"), row(number, **{place: "x"}))


def _xml() -> Iterator[Hostile]:
    deep = "<x>" * 200_000 + "</x>" * 200_000
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = '<!DOCTYPE x SYSTEM "file:///etc/passwd">'
    yield book("deep", "reader.too_deep", lambda: sheet(deep))
    yield book("deep_styles", "reader.too_deep", sheet, **{"xl/styles.xml": deep})
    yield book("laughs", "reader.has_dtd", lambda: sheet(before=laughs))
    yield book("outside", "reader.has_dtd", lambda: sheet(before=outside))
    yield book("no_relation", "reader.broken_workbook", sheet, **{"xl/_rels/workbook.xml.rels": "<x/>"})
    yield book("not_xml", "reader.broken_workbook", lambda: "kode;jumlah")
    yield book("unclosed", "reader.broken_workbook", lambda: sheet(row(1, A1="x"))[:-20])


def bomb(name: str, megabytes: int) -> bytes:
    """Make a workbook one part of which is blanks and little else."""
    found, blanks = io.BytesIO(), b" " * (1 << 20)
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part, text in parts(sheet()).items():
            if part != name:
                archive.writestr(part, text)
        with archive.open(name, "w") as file:
            file.write(b"<x>")
            for _ in range(megabytes):
                file.write(blanks)
            file.write(b"</x>")
    return found.getvalue()


def lying(content: bytes) -> bytes:
    """Make the directory say that the largest entry is small."""
    changed = bytearray(content)
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        (size,) = struct.unpack_from("<I", changed, at + 24)
        if size > 1 << 20:
            struct.pack_into("<I", changed, at + 24, 1000)
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def flipped(content: bytes) -> bytes:
    """Change one byte within the packed sheet."""
    at = content.find(SHEET.encode()) + len(SHEET) + 20
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def marked_encrypted(content: bytes) -> bytes:
    changed = bytearray(content)
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(changed)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file in corpus():
        folder.joinpath(f"{file.name}-{file.file_name}").write_bytes(file.make())
