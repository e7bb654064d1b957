"""Accounts, lock-out and log-ins by themselves, on a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.device.accounts import Accounts, AccountsError, read_accounts, write_account
from edge.device.lockout import FORGET_AFTER_MS, FREE, KEYS_KEPT, LONGEST_WAIT_MS, Lockout
from edge.device.log_ins import IDLE_MS, LOG_INS_MOST, LONGEST_MS, LogIns
from tests.integration.edge_core.driven_room import HASHER


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def test_a_password_is_kept_as_its_hash_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "technicians"
    write_account(path, "li.wei", "correct horse battery")
    write_account(path, "zhao", "another long password")
    write_account(path, "li.wei", "changed horse battery")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "horse" not in path.read_text()
    assert sorted(read_accounts(path)) == ["li.wei", "zhao"]
    accounts = Accounts(path, HASHER)
    assert accounts.check("li.wei", "changed horse battery")
    assert not accounts.check("li.wei", "correct horse battery")
    assert not accounts.check("nobody", "changed horse battery")
    assert accounts.knows("zhao")
    assert not accounts.knows("nobody")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("li.wei:plain", "line 1"),
        ("# a remark\n\nLI:$argon2id$x", "line 3"),
        ("a:$argon2id$x\na:$argon2id$y", "line 2"),
        (":$argon2id$x", "line 1"),
        ("\n".join(f"t{n}:$argon2id$x" for n in range(65)), "more than 64"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "technicians"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(AccountsError, match=told):
        Accounts(path, HASHER)


def test_a_file_that_anybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "technicians"
    write_account(path, "li.wei", "correct horse battery")
    path.chmod(0o644)
    with pytest.raises(AccountsError, match="0640"):
        Accounts(path, HASHER)
    path.chmod(0o640)
    Accounts(path, HASHER)
    with pytest.raises(AccountsError, match="can't be read"):
        read_accounts(tmp_path / "nothing")


@pytest.mark.parametrize(("name", "password"), [("li wei", "long enough here"), ("li", "short"), ("li", "x" * 129)])
def test_names_and_passwords_have_bounds(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(ValueError, match="has"):
        write_account(tmp_path / "technicians", name, password)
    assert not (tmp_path / "technicians").exists()


def test_each_wrong_try_doubles_the_wait() -> None:
    hand = Hand()
    lockout = Lockout(hand)
    waits = []
    for _ in range(14):
        lockout.note_failure("li", "10.0.0.5")
        waits.append(lockout.wait_ms("li", "10.0.0.5"))
        hand.now_ms += waits[-1]
    assert waits[:6] == [0, 0, 2_000, 4_000, 8_000, 16_000]
    assert max(waits) <= LONGEST_WAIT_MS
    assert waits == sorted(waits)
    hand.now_ms += FORGET_AFTER_MS + 1
    lockout.note_failure("li", "10.0.0.5")
    assert lockout.wait_ms("li", "10.0.0.5") == 0


def test_one_stranger_locks_nobody_else_out_with_a_few_tries() -> None:
    hand = Hand()
    lockout = Lockout(hand)
    for _ in range(5):
        lockout.note_failure("li", "10.0.0.66")
    assert lockout.wait_ms("li", "10.0.0.66") > 0
    assert lockout.wait_ms("li", "10.0.0.5") == 0
    for number in range(FREE["address"]):
        lockout.note_failure(f"guess{number}", "10.0.0.77")
    assert lockout.wait_ms("zhao", "10.0.0.77") > 0  # whatever the name
    for number in range(FREE["name"]):
        lockout.note_failure("zhao", f"10.1.0.{number}")
    assert lockout.wait_ms("zhao", "10.0.0.5") > 0  # from everywhere


def test_a_right_password_clears_only_its_own_place() -> None:
    lockout = Lockout(Hand())
    for _ in range(3):
        lockout.note_failure("li", "10.0.0.5")
    lockout.note_success("li", "10.0.0.5")
    assert lockout.wait_ms("li", "10.0.0.5") == 0


def test_tries_are_bounded() -> None:
    lockout = Lockout(Hand())
    for number in range(2 * KEYS_KEPT):
        lockout.note_failure(f"name{number}", f"10.{number >> 8}.{number & 255}.1")
    assert len(lockout._tries) <= KEYS_KEPT


def test_log_ins_end_when_still_or_old() -> None:
    hand = Hand()
    log_ins = LogIns(hand)
    token = log_ins.open("li")
    found = log_ins.find(token)
    assert found is not None
    assert found.name == "li"
    assert log_ins.find("another") is None
    hand.now_ms += IDLE_MS - 1
    assert log_ins.find(token, touch=False) is not None
    hand.now_ms += 2
    assert log_ins.find(token) is None  # a stream alone does not keep it alive
    token = log_ins.open("li")
    for _ in range(LONGEST_MS // IDLE_MS * 2):
        hand.now_ms += IDLE_MS // 2
        log_ins.find(token)
    hand.now_ms += 1
    assert log_ins.find(token) is None  # eight hours are a day's work


def test_log_ins_are_bounded_and_tokens_differ() -> None:
    hand = Hand()
    log_ins = LogIns(hand)
    tokens = []
    for _ in range(LOG_INS_MOST + 1):
        hand.now_ms += 1
        tokens.append(log_ins.open("li"))
    assert len(set(tokens)) == len(tokens)
    assert log_ins.find(tokens[0]) is None
    assert log_ins.find(tokens[-1]) is not None
    csrf = {found.csrf for token in tokens[1:] if (found := log_ins.find(token))}
    assert len(csrf) == LOG_INS_MOST
