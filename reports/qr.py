"""QR symbols as the XOR of precomputed rows: the same modules as any encoder makes, some hundred times faster.

With version, level and mask fixed, a QR symbol is an affine map over GF(2) of its data codewords, because Reed-Solomon
is linear: symbol = empty symbol XOR one row for every half byte of data. The rows of a version are made once from
reportlab's own encoder. The mask is fixed instead of chosen by penalty, which every reader accepts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from reportlab.graphics.barcode import qrencoder as _qrencoder

qrencoder: Any = _qrencoder  # its stubs leave the functions untyped

_ALPHANUMERIC: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE: Final = {character: value for value, character in enumerate(_ALPHANUMERIC)}
_PAIR: Final = {a + b: 45 * i + j for i, a in enumerate(_ALPHANUMERIC) for j, b in enumerate(_ALPHANUMERIC)}
_ALPHANUMERIC_ONLY: Final = re.compile(r"[0-9A-Z $%*+\-./:]+", re.ASCII)
_HEX_VALUE: Final = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))
MASK: Final = 2
LARGEST_VERSION: Final = 20
"""Beyond this a symbol of 26 mm can no longer be read from a 203-dpi print."""

Rows = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A QR symbol without its quiet zone: lines of bits, most significant first, each padded to whole bytes."""

    modules: int
    rows: bytes

    def is_dark(self, row: int, column: int) -> bool:
        stride = -(-self.modules // 8)
        return bool(self.rows[row * stride + column // 8] >> (7 - column % 8) & 1)


def make_symbol(payload: str) -> Symbol:
    """Encode a payload at level M in the smallest version that holds it.

    Upper-case addresses take the alphanumeric mode (5.5 bits a character), everything else bytes (UTF-8).
    Raises: ValueError when it needs more than version ``LARGEST_VERSION``, or is empty.
    """
    if not payload:
        raise ValueError("nothing to encode")
    is_alphanumeric = bool(_ALPHANUMERIC_ONLY.fullmatch(payload))
    octets = b"" if is_alphanumeric else payload.encode()
    length = len(payload) if is_alphanumeric else len(octets)
    if is_alphanumeric:
        bits = 0
        for start in range(0, length - 1, 2):
            bits = bits << 11 | _PAIR[payload[start : start + 2]]
        used = 11 * (length // 2)
        if length % 2:
            bits, used = bits << 6 | _VALUE[payload[-1]], used + 6
    else:
        bits, used = int.from_bytes(octets), 8 * length
    for version in range(1, LARGEST_VERSION + 1):
        count_bits = (9 if version < 10 else 11) if is_alphanumeric else (8 if version < 10 else 16)
        if 4 + count_bits + used <= 8 * _data_size(version) and length < 1 << count_bits:
            mode = 0b0010 if is_alphanumeric else 0b0100
            head = mode << count_bits | length
            return _table(version).symbol(_padded(head << used | bits, 4 + count_bits + used, _data_size(version)))
    raise ValueError(f"{len(payload)} characters do not fit a symbol of version {LARGEST_VERSION}")


@lru_cache(maxsize=LARGEST_VERSION)
def _data_size(version: int) -> int:
    blocks = qrencoder.QRRSBlock.getRSBlocks(version, qrencoder.QRErrorCorrectLevel.M)
    return sum(int(block.dataCount) for block in blocks)


def _padded(bits: int, used: int, size: int) -> bytes:
    """Close a bit stream and fill it up to the version's data codewords.

    Source: ISO/IEC 18004, 7.4.9 and 7.4.10 (terminator, pad codewords).
    """
    closing = min(4, 8 * size - used)
    closing += -(used + closing) % 8
    words = (bits << closing).to_bytes((used + closing) // 8)
    return words + (b"\xec\x11" * size)[: size - len(words)]


class _Table:
    """The rows of one version: ``symbol = empty XOR rows[nibble]`` over all half bytes of the data codewords."""

    def __init__(self, version: int) -> None:
        level = qrencoder.QRErrorCorrectLevel.M
        blocks = [(int(b.totalCount), int(b.dataCount)) for b in qrencoder.QRRSBlock.getRSBlocks(version, level)]
        self.modules = 17 + 4 * version
        stride = -(-self.modules // 8)

        code = qrencoder.QRCode(version, level)
        code.dataCache = [0] * sum(total for total, _ in blocks)
        code.makeImpl(False, MASK)
        self._empty = np.packbits(np.array(code.modules, dtype=bool), axis=1).ravel()
        # bit k of the codewords lands on this bit of the packed rows
        landing = np.array([row * stride * 8 + column for column, row in code.dataPosIterator()], dtype=np.int64)

        place = _interleaving(blocks)
        nibbles = 2 * sum(data for _, data in blocks)
        self._rows = np.zeros((nibbles, 16, self._empty.size), np.uint8)
        self._nibble = np.arange(nibbles)
        position = 0
        for number, (total, data) in enumerate(blocks):
            answers = _parity(total - data, data)
            for index in range(data):
                for bit in range(8):
                    row = np.zeros(self._empty.size * 8, np.uint8)
                    row[landing[place[number, index] * 8 + 7 - bit]] = 1
                    for check, byte in enumerate(answers[index, bit]):
                        first = place[number, data + check] * 8
                        row[landing[first : first + 8]] = np.unpackbits(byte)
                    self._fill(2 * position + (bit < 4), bit % 4, np.packbits(row))
                position += 1
        # as words of eight bytes, padded: a symbol is then a few thousand exclusive ors
        size = self._empty.size
        wide = np.zeros((nibbles, 16, -(-size // 8) * 8), np.uint8)
        wide[:, :, :size] = self._rows
        wide[0, :, :size] ^= self._empty
        self._words, self._size = wide.view(np.uint64), size
        del self._rows

    def _fill(self, nibble: int, bit: int, row: Rows) -> None:
        values = np.nonzero(np.arange(16) >> bit & 1)[0]
        self._rows[nibble, values] ^= row

    def symbol(self, words: bytes) -> Symbol:
        """Make the symbol of a version's data codewords."""
        halves = np.frombuffer(words.hex().encode().translate(_HEX_VALUE), np.uint8)
        rows = np.bitwise_xor.reduce(self._words[self._nibble, halves], axis=0)
        return Symbol(modules=self.modules, rows=rows.tobytes()[: self._size])


@lru_cache(maxsize=LARGEST_VERSION)
def _table(version: int) -> _Table:
    return _Table(version)


def _interleaving(blocks: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Say where each block's codewords stand in the sequence that is laid into the symbol (data first, then checks)."""
    order: list[tuple[int, int]] = []
    for index in range(max(data for _, data in blocks)):
        order += [(number, index) for number, (_, data) in enumerate(blocks) if index < data]
    for check in range(max(total - data for total, data in blocks)):
        order += [(number, data + check) for number, (total, data) in enumerate(blocks) if check < total - data]
    return {key: position for position, key in enumerate(order)}


@lru_cache(maxsize=64)
def _parity(checks: int, data: int) -> Rows:
    """Give the check codewords of a block whose only set bit is the given one.

    Shape: (data, 8, checks), the second axis being the bit from the least significant.
    """
    generator = qrencoder.QRUtil.getErrorCorrectPolynomial(checks)
    answers = np.zeros((data, 8, checks), np.uint8)
    for index in range(data):
        for bit in range(8):
            word = [0] * data
            word[index] = 1 << bit
            rest = qrencoder.QRPolynomial(word, checks).mod(generator).num
            answers[index, bit, checks - len(rest) :] = rest
    return answers
