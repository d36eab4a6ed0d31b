"""The table makes the same symbols as reportlab's own encoder, and a reader reads them."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.graphics.barcode import qrencoder

from reports.qr import _ALPHANUMERIC, LARGEST_VERSION, MASK, Symbol, make_symbol

TOKEN_ADDRESS = "HTTPS://TANGGAP.DINSOS.EXAMPLE.GO.ID/T/" + "AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZ" * 3 + "AB"


def pixels(symbol: Symbol, scale: int = 4) -> np.ndarray:
    size = symbol.modules
    dark = np.array([[symbol.is_dark(row, column) for column in range(size)] for row in range(size)])
    return np.kron(np.where(np.pad(dark, 4), 0, 255), np.ones((scale, scale))).astype(np.uint8)


def reference(payload: str, version: int) -> list[list[bool]]:
    code = qrencoder.QRCode(version, qrencoder.QRErrorCorrectLevel.M)
    alphanumeric = all(character in _ALPHANUMERIC for character in payload)
    # reportlab writes bytes as Latin-1 where it can; UTF-8 bytes go in as they are
    kind = qrencoder.QRAlphaNum(payload) if alphanumeric else qrencoder.QR8bitByte(payload.encode())
    code.addData(kind)
    code.makeImpl(False, MASK)
    return [[bool(module) for module in row] for row in code.modules]


def same_as_reference(payload: str) -> None:
    symbol = make_symbol(payload)
    expected = reference(payload, (symbol.modules - 17) // 4)
    size = symbol.modules
    assert [[symbol.is_dark(row, column) for column in range(size)] for row in range(size)] == expected


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=_ALPHANUMERIC, min_size=1, max_size=180))
def test_any_upper_case_payload_makes_the_symbol_of_the_encoder(payload: str) -> None:
    same_as_reference(payload)


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.encode("utf-8", "ignore").decode() == text))
def test_any_other_payload_makes_the_symbol_of_the_encoder(payload: str) -> None:
    same_as_reference(payload)


@pytest.mark.parametrize("version", range(1, LARGEST_VERSION + 1))
def test_every_version_makes_the_symbol_of_the_encoder_and_is_read_back(version: int) -> None:
    modules = 17 + 4 * version
    payload = next(text for pairs in range(1, 500) if make_symbol(text := "A1" * pairs).modules == modules)
    same_as_reference(payload)
    assert [code.text for code in zxingcpp.read_barcodes(pixels(make_symbol(payload)))] == [payload]


def test_a_signed_address_takes_version_7_and_is_read_back() -> None:
    symbol = make_symbol(TOKEN_ADDRESS)
    assert symbol.modules == 45
    assert [code.text for code in zxingcpp.read_barcodes(pixels(symbol))] == [TOKEN_ADDRESS]


def test_what_does_not_fit_and_what_is_empty_is_refused() -> None:
    with pytest.raises(ValueError):
        make_symbol("A" * 5000)
    with pytest.raises(ValueError):
        make_symbol("")
