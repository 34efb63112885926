"""The passwords that are tried first, of those that are long enough to be one here.

    python -m services.users.adapters.common_passwords        writes the list again

Source:  zxcvbn's frequency list of passwords (https://pypi.org/project/zxcvbn/, MIT). A list of our own, because that
         package costs a service forty megabytes.
"""

from pathlib import Path

from services.users.domain.passwords import MIN_LENGTH

FILE = Path(__file__).with_name("common_passwords.txt")


def common_passwords() -> frozenset[str]:
    """Passwords in lower case, some eleven thousand of them."""
    return frozenset(FILE.read_text(encoding="utf-8").splitlines())


def listed() -> str:
    """The text of the list: a password a line, the commonest first."""
    # Installed where the project is worked on, not where the service runs.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    words = (word.lower() for word in FREQUENCY_LISTS["passwords"])
    return "".join(f"{word}\n" for word in dict.fromkeys(words) if len(word) >= MIN_LENGTH)


if __name__ == "__main__":
    FILE.write_text(listed(), encoding="utf-8")
