from __future__ import annotations

import base64
import json
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.crypto import Keyring, KeysUnusable, Secret, new_ref

NIK = "9901010101900001"
RING = Keyring.fresh()


def test_a_sealed_number_opens_for_its_own_column_only() -> None:
    sealed = RING.seal(NIK, "person.nik")
    assert RING.open(sealed, "person.nik") == NIK
    with pytest.raises(KeysUnusable):
        RING.open(sealed, "household.kk")
    with pytest.raises(KeysUnusable):
        Keyring.fresh().open(sealed, "person.nik")


def test_sealing_twice_gives_different_bytes_but_one_index() -> None:
    assert RING.seal(NIK, "person.nik") != RING.seal(NIK, "person.nik")
    assert RING.blind_index(NIK, "person.nik") == RING.blind_index(NIK, "person.nik")
    assert RING.blind_index(NIK, "person.nik") != RING.blind_index(NIK, "household.kk")
    assert RING.blind_index(NIK, "person.nik") != Keyring.fresh().blind_index(NIK, "person.nik")


def test_a_secret_shows_its_mask_everywhere() -> None:
    secret = Secret(NIK)
    shown = f"{secret} {secret!r} {secret!s} {json.dumps(secret)} {secret:>20}"
    assert NIK not in shown and "0001" in shown
    assert secret.reveal() == NIK
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_the_token_of_a_paper_is_the_same_on_every_reprint() -> None:
    ref = new_ref()
    token = RING.token("R", ref)
    assert token == RING.token("R", ref)
    read = RING.read_token(token)
    assert read is not None and (read.kind, read.ref) == ("R", ref)
    assert RING.read_token(token.lower()) == read
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@settings(max_examples=200)
@given(st.data())
def test_no_changed_token_is_believed(data: st.DataObject) -> None:
    token = RING.token("R", b"0123456789")
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from([one for one in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" if one != token[place]]))
    assert RING.read_token(token[:place] + sign + token[place + 1 :]) is None


def test_forged_and_foreign_tokens_are_refused() -> None:
    ref = new_ref()
    assert Keyring.fresh().read_token(RING.token("R", ref)) is None
    body = bytes((1, ord("R"))) + ref
    assert RING.read_token(base64.b32encode(body + bytes(64)).decode().rstrip("=")) is None
    for text in ("", "A", "=" * 40, "A" * 125, "A" * 500, "Ä" * 20, RING.token("R", ref) + "A"):
        assert RING.read_token(text) is None


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    Keyring.load_or_make(tmp_path / "keys")
    path = tmp_path / "keys" / "ring.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    path.chmod(0o444)
    with pytest.raises(KeysUnusable):
        Keyring.load(tmp_path / "keys")


def test_missing_keys_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match="flask keys make"):
        Keyring.load(tmp_path)


def test_a_running_server_learns_of_a_rotation_by_itself(tmp_path: Path) -> None:
    server = Keyring.load_or_make(tmp_path)
    sealed = server.seal(NIK, "person.nik")
    operator = Keyring.load(tmp_path)
    kept = operator.add_key()
    fresh = operator.seal(NIK, "person.nik")
    assert fresh[1] == 2 and operator.open(sealed, "person.nik") == NIK
    assert server.open(fresh, "person.nik") == NIK
    assert server.seal(NIK, "person.nik")[1] == 2
    assert server.blind_index(NIK, "person.nik") == operator.blind_index(NIK, "person.nik")
    for path in (kept, tmp_path / "ring.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert Keyring.from_json(kept.read_text()).active == 1
    operator.drop_key(1)
    assert server.seal(NIK, "person.nik")[1] == 2
    with pytest.raises(KeysUnusable, match="not in the key file"):
        server.open(sealed, "person.nik")
    with pytest.raises(KeysUnusable, match="active"):
        operator.drop_key(2)
