"""What clients send and get. What is sent back to them as an error never repeats a value."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from services.users.domain import account as accounts
from services.users.domain.account import Account
from services.users.domain.errors import InvalidEmail
from services.users.domain.passwords import MAX_LENGTH, MIN_LENGTH
from services.users.domain.sessions import ACCESS_SECONDS, MAX_TOKEN_LENGTH, REFRESH_SECONDS
from services.users.domain.sign_in import Tokens

MAX_NAME_LENGTH = 100
# A character that can be seen, and none that would end a line of a mail or of a log.
_NAME_PATTERN = r"^[^\x00-\x1f\x7f\u0085\u2028\u2029]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f\u0085\u2028\u2029]*$"


def _email(text: str) -> str:
    try:
        return accounts.normalised(text)
    except InvalidEmail as error:
        raise PydanticCustomError("email", "Not an e-mail address") from error


Email = Annotated[
    str,
    Field(
        max_length=accounts.MAX_EMAIL_LENGTH,
        examples=["ada@example.com"],
        json_schema_extra={"pattern": f"^{accounts.EMAIL_PATTERN}$"},
    ),
    AfterValidator(_email),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=MAX_NAME_LENGTH, pattern=_NAME_PATTERN, examples=["Ada"]),
    AfterValidator(str.strip),
]
# One that is tried: whatever its length, it is right or wrong. The bound is that of what is hashed.
Password = Annotated[SecretStr, Field(min_length=1, max_length=4 * MAX_LENGTH)]
NewPassword = Annotated[
    SecretStr,
    Field(
        max_length=4 * MAX_LENGTH,
        description=f"{MIN_LENGTH} to {MAX_LENGTH} characters, whichever; not one that is tried first.",
    ),
]
Token = Annotated[SecretStr, Field(min_length=1, max_length=MAX_TOKEN_LENGTH)]
Role = Literal["customer", "staff", "warehouse", "admin"]


class _Strict(BaseModel):
    """No field more than there are, and no number for a text."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Registration(_Strict):
    """A new account."""

    email: Email
    password: NewPassword
    name: Name


class Credentials(_Strict):
    """What one logs in with."""

    email: Email
    password: Password


class Refreshing(_Strict):
    """A refresh token. It is good once."""

    refresh_token: Token


class Renaming(_Strict):
    """Another name."""

    name: Name


class PasswordChange(_Strict):
    """The password as it is, and as it is to be."""

    current_password: Password
    new_password: NewPassword


class ResetRequest(_Strict):
    """Whose password is forgotten."""

    email: Email


class Reset(_Strict):
    """The token of the mailed link, and the new password."""

    token: Token
    new_password: NewPassword


class RoleChange(_Strict):
    """All roles that the account is to have."""

    roles: list[Role] = Field(min_length=1, max_length=8)


class Accepted(BaseModel):
    """What was asked for is done, or needs no doing: which, nobody is told."""

    status: Literal["accepted"] = "accepted"


class UserBody(BaseModel):
    """An account, as its owner sees it."""

    user_id: str
    email: str
    name: str
    roles: list[Role]
    created_at: str = Field(json_schema_extra={"format": "date-time"})

    @classmethod
    def of(cls, account: Account) -> "UserBody":
        """*account* as clients see it."""
        created = datetime.fromtimestamp(account.created_at_ms / 1000, UTC)
        return cls.model_validate(
            {
                "user_id": account.user_id,
                "email": account.email,
                "name": account.name,
                "roles": sorted(account.roles),
                "created_at": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
        )


class TokensBody(BaseModel):
    """Tokens: the first goes with each request, the second gets the next two."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int = Field(description="Seconds.", examples=[ACCESS_SECONDS])
    refresh_token: str
    refresh_expires_in: int = Field(description="Seconds.", examples=[REFRESH_SECONDS])

    @staticmethod
    def members(tokens: Tokens) -> dict[str, Any]:
        """*tokens* as members of a body."""
        return {
            "access_token": tokens.access_token,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": tokens.refresh_token,
            "refresh_expires_in": REFRESH_SECONDS,
        }


class LoginBody(TokensBody):
    """Tokens, and whose they are."""

    user: UserBody


class KeySet(BaseModel):
    """Public keys (RFC 7517)."""

    keys: list[dict[str, Any]]
