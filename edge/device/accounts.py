"""Who may log in: a file of names with argon2 hashes, kept by the owner of the gateway. No page writes it."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
PASSWORD_LEAST = 12
PASSWORD_MOST = 128
ACCOUNTS_MOST = 64
FILE_MOST_BYTES = 64 * 1024
# one comparison takes 64 MiB and a tenth of a second of a core that leases need
WAIT_FOR_TURN_S = 5.0


class AccountsError(OSError):
    """The file can't be used; the text says why."""


class AccountsBusyError(Exception):
    """Too many people try at once."""


def read_accounts(path: Path) -> dict[str, str]:
    """Read name and hash of each line; AccountsError for a file that is wrong or that anybody may read."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()[: FILE_MOST_BYTES + 1].decode("utf-8")
    except UnicodeDecodeError as error:
        raise AccountsError(f"{path}: isn't UTF-8") from error
    except OSError as error:
        raise AccountsError(f"{path}: can't be read: {error.strerror}") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP):
        raise AccountsError(f"{path}: others may read or write it; set its mode to 0640 or 0600")
    accounts: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        if not NAME.fullmatch(name) or not hashed.startswith("$argon2id$") or name in accounts:
            raise AccountsError(f"{path}: line {number}: must be `name:$argon2id$…`, each name once")
        accounts[name] = hashed
    if len(accounts) > ACCOUNTS_MOST:
        raise AccountsError(f"{path}: more than {ACCOUNTS_MOST} names")
    return accounts


def write_account(path: Path, name: str, password: str) -> None:
    """Set the password of a name, new or known; ValueError for a name or password that won't do."""
    if not NAME.fullmatch(name):
        raise ValueError("a name has small letters, digits, dot, dash, underscore, at most 32 of them")
    if not PASSWORD_LEAST <= len(password) <= PASSWORD_MOST:
        raise ValueError(f"a password has {PASSWORD_LEAST} to {PASSWORD_MOST} characters")
    accounts = read_accounts(path) if path.exists() else {}
    accounts[name] = PasswordHasher().hash(password)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{each}:{hashed}\n" for each, hashed in sorted(accounts.items()))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class Accounts:
    """Compares passwords, one at a time; a name that is not there takes as long as one that is."""

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        """Read the file once, so that a wrong one is an error at start."""
        self._path = path
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._turn = threading.Lock()
        read_accounts(path)

    def check(self, name: str, password: str) -> bool:
        """Tell whether this is the password of that name. The file is read anew, so that a change needs no restart."""
        hashed = read_accounts(self._path).get(name)
        if not self._turn.acquire(timeout=WAIT_FOR_TURN_S):
            raise AccountsBusyError
        try:
            self._hasher.verify(hashed or self._nobody, password[: PASSWORD_MOST + 1])
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._turn.release()
        return hashed is not None

    def knows(self, name: str) -> bool:
        """Tell whether a name still stands in the file; in one that can't be read, none does."""
        try:
            return name in read_accounts(self._path)
        except AccountsError:
            return False
