"""Passwords by argon2id, so many at once and no more: each takes seven megabytes and all of a core."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from services.users.domain.errors import TooBusy

# One of the equivalent sets of OWASP's Password Storage Cheat Sheet; the others take more memory.
MEMORY_KIB, PASSES, LANES = 7168, 5, 1
AT_ONCE = 2
# Longer, and whoever waits has gone; some 20 ms each, so that this is a queue of two hundred.
WAIT_SECONDS = 2.0
Result = TypeVar("Result")


class Argon2Hasher:
    """A `Hasher`.

    In threads of its own: the C library keeps for each thread what it has freed there, and the server has eight.
    """

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, at_once: int = AT_ONCE) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES, type=Type.ID)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        # Verified in place of the hash that an unknown address does not have.
        self._nobodys = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._run(lambda: self._hasher.hash(_bytes(password)))

    def verify(self, password_hash: str | None, password: str) -> bool:
        return self._run(lambda: self._verify(password_hash or self._nobodys, password)) and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def _run(self, work: Callable[[], Result]) -> Result:
        future = self._threads.submit(work)
        try:
            return future.result(WAIT_SECONDS)
        except Late as error:
            future.cancel()
            raise TooBusy from error


def _bytes(password: str) -> bytes:
    # JSON can hold half a character; it is one more that nobody guesses.
    return password.encode("utf-8", "surrogatepass")
