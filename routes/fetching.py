"""The only place that asks another computer for something: one host, https, a little at a time, nothing followed."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from core.errors import Malformed, TooLarge

MOST_BYTES: Final = 1 << 20
SILENT_S: Final = 5.0
"""How long the other side may say nothing."""
WHOLE_S: Final = 20.0
Resolve = Callable[[str, int], Sequence[str]]


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Give the network addresses of a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Tell an address of the open internet from those of one's own network, which no feed may make us ask."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False


class Fetcher:
    """Gives documents of the host of one configured address, and of no other.

    The name is looked up once per document and that very address is connected to, so that it cannot change between
    the check and the call. Redirects are not followed.
    """

    def __init__(
        self, address: str, *, resolve: Resolve = addresses_of, is_allowed: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        home = urlsplit(address)
        self._host, self._port = home.hostname or "", home.port or 443
        self._resolve, self._is_allowed = resolve, is_allowed
        self._trust = trust or ssl.create_default_context()

    def __call__(self, address: str) -> bytes:
        """Fetch one document. Raises: Malformed, TooLarge, with codes "alert.…"."""
        try:
            wanted = urlsplit(address)
            port = wanted.port or 443
        except ValueError:
            raise Malformed("alert.foreign_address", host=self._host) from None
        is_home = wanted.hostname == self._host and port == self._port
        if wanted.scheme != "https" or not is_home or wanted.username is not None:
            raise Malformed("alert.foreign_address", host=self._host)
        path = (wanted.path or "/") + (f"?{wanted.query}" if wanted.query else "")
        if not path.isascii() or any(one <= " " for one in path):
            raise Malformed("alert.foreign_address", host=self._host)
        try:
            return self._get(path)
        except (OSError, http.client.HTTPException) as error:
            raise Malformed("alert.unreachable", host=self._host) from error

    def _get(self, path: str) -> bytes:
        found = list(self._resolve(self._host, self._port))
        if not found or not all(self._is_allowed(one) for one in found):
            raise Malformed("alert.unreachable", host=self._host)
        plain = socket.create_connection((found[0], self._port), timeout=SILENT_S)
        clock = threading.Timer(WHOLE_S, _cut, (plain,))
        clock.daemon = True
        clock.start()
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=SILENT_S, context=self._trust)
        try:
            connection.sock = self._trust.wrap_socket(plain, server_hostname=self._host)
            connection.request("GET", path, headers={"User-Agent": "tanggap", "Accept": "application/xml, text/xml"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise Malformed("alert.answered", host=self._host, status=answer.status)
            content = answer.read(MOST_BYTES + 1)
        finally:
            clock.cancel()
            connection.close()
            plain.close()
        if len(content) > MOST_BYTES:
            raise TooLarge("alert.too_large", most_kb=MOST_BYTES >> 10)
        return content


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it had ended by itself
