"""The list of passwords that are tried first is what its source says."""

from services.users.adapters.common_passwords import FILE, common_passwords, listed


def test_the_list_is_current() -> None:
    """Made again, it is the same."""
    assert FILE.read_text(encoding="utf-8") == listed()


def test_it_holds_what_everybody_tries() -> None:
    """More than the three thousand that ASVS asks for, and none that is too short anyway."""
    common = common_passwords()
    assert {"password", "12345678", "iloveyou", "sunshine1"} <= common
    assert len(common) > 3000
    assert min(map(len, common)) == 8
