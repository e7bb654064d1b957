"""Hashes of passwords and PINs by argon2id. Slow on purpose: never call these inside a write."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class SecretHasher:
    """Hashes and verifies secrets at a set cost; the cost is stored in each hash."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536, parallelism: int = 1) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)
        # Compared against when nobody has that login, so that an answer takes as long as for a wrong password.
        self._decoy = self._hasher.hash("a login that nobody has")

    def hash_secret(self, secret: str) -> str:
        """Return a salted hash in PHC form."""
        return self._hasher.hash(secret)

    def verify_secret(self, stored: str | None, secret: str) -> bool:
        """Return whether `secret` gave the hash `stored`; with no hash takes as long and is False."""
        try:
            return self._hasher.verify(stored or self._decoy, secret) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
