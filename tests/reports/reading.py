"""Reading papers back: their words, their fonts, their symbols."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pypdfium2
import zxingcpp


def words(pdf: bytes, page: int | None = None) -> str:
    """All text of a paper, or of one page, with single spaces."""
    pages = pypdf.PdfReader(BytesIO(pdf)).pages
    chosen = pages if page is None else [pages[page]]
    return " ".join(" ".join(each.extract_text() for each in chosen).split())


def page_count(pdf: bytes) -> int:
    return len(pypdf.PdfReader(BytesIO(pdf)).pages)


def fonts(pdf: bytes) -> dict[str, bool]:
    """Base fonts referred to anywhere in the file, and whether each is embedded."""
    found: dict[str, bool] = {}
    reader = pypdf.PdfReader(BytesIO(pdf))
    for number in range(1, len(reader.xref[0]) + 1):
        thing = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        if isinstance(thing, pypdf.generic.DictionaryObject) and thing.get("/Type") == "/Font":
            descriptor = thing.get("/FontDescriptor")
            found[str(thing["/BaseFont"])] = descriptor is not None and "/FontFile2" in descriptor.get_object()
    return found


def symbols(pdf: bytes, dpi: int = 203, *, one_bit: bool = False) -> list[str]:
    """QR payloads a reader finds on the printed pages, top to bottom."""
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        image = page.render(scale=dpi / 72).to_pil().convert("L")
        if one_bit:
            image = image.point(lambda grey: 255 if grey > 127 else 0)
        codes = zxingcpp.read_barcodes(image)
        found += [code.text for code in sorted(codes, key=lambda code: code.position.top_left.y)]
    return found
