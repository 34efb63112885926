"""Access tokens that prove nothing, at the real services: each must be 401, whatever is wrong with it."""

import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256

from services.shared.identity import CUSTOMER, SERVICE
from tests.attacks.attacker import Attacker, code
from tests.attacks.forgery import ABSENT, MALLORY, Forger, bearer, decoded, encoded
from tests.attacks.route_table import CALLED_BY_SERVICES, SERVICES

KID = "JWT kid injection"
OTHER = "JWT of another kind, by another issuer, twice, or elsewhere"
PATH = "/api/v1/orders"
# A route of each service that needs a token.
CLOSED = {
    "catalog": ("PUT", "/api/v1/products/KIT-1001/price"),
    "inventory": ("GET", "/api/v1/reservations"),
    "orders": ("GET", PATH),
    "payments": ("GET", "/api/v1/payments"),
    "users": ("GET", "/api/v1/users/me"),
}
# The order of Ed25519's group: a signature plus this is another spelling of the same signature.
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.fixture(scope="module")
def forger(attacker: Attacker) -> Forger:
    """Somebody with the users' key."""
    return Forger(attacker.shop.issuer)


def refused(attacker: Attacker, token: str) -> None:
    """Orders refuse *token*, and do not say why."""
    answer = attacker.ask("orders", PATH, headers=bearer(token))
    assert code(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert "detail" not in answer.json()


@pytest.mark.attack("JWT none")
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, ABSENT])
@pytest.mark.parametrize("signature", [b"", b"unsigned"])
def test_no_signature(attacker: Attacker, forger: Forger, algorithm: Any, signature: bytes) -> None:
    """`alg` none in every spelling, or no `alg`, with an empty signature and with some bytes. 401."""
    refused(attacker, forger.token({"alg": algorithm}, sign=lambda _: signature))


@pytest.mark.attack("JWT none")
@pytest.mark.parametrize(
    "change", [lambda t: t.rpartition(".")[0], lambda t: t.rpartition(".")[0] + ".", lambda t: t + "."]
)
def test_a_part_is_missing(attacker: Attacker, forger: Forger, change: Callable[[str], str]) -> None:
    """A good token without its signature, with an empty one, with a part too many. 401."""
    refused(attacker, change(forger.token()))


@pytest.mark.attack("JWT HS256 with the public key")
@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
def test_the_public_key_as_a_secret(attacker: Attacker, forger: Forger, algorithm: str, digest: str) -> None:
    """An HMAC with the public key in each form that a verifier could have it: raw, PEM, DER, its JWK, the file. 401."""
    public = forger.key.private.public_key()
    secrets = [
        public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(forger.key.public()).encode(),
        forger.key.public()["x"].encode(),
        forger.issuer.jwks_file.read_bytes(),
        b"",
    ]
    for secret in secrets:
        refused(
            attacker, forger.token({"alg": algorithm}, sign=lambda data, key=secret: hmac.digest(key, data, digest))
        )


@pytest.mark.attack("JWT HS256 with the public key")
@pytest.mark.parametrize(
    "algorithm", ["ES256", "ES256K", "RS256", "PS256", "Ed448", "dir", "eddsa", "EdDSA ", 1, ["EdDSA"]]
)
def test_an_algorithm_that_is_not_the_keys(attacker: Attacker, forger: Forger, algorithm: Any) -> None:
    """Another algorithm in the header of a well signed token. 401: the key says how it is used."""
    refused(attacker, forger.token({"alg": algorithm}))


@pytest.mark.attack("JWT HS256 with the public key")
def test_a_curve_that_is_not_the_keys(attacker: Attacker, forger: Forger) -> None:
    """An ECDSA signature of the attacker's own, and the famous one of two zeros. 401."""
    private = ec.generate_private_key(ec.SECP256R1())

    def sign(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    refused(attacker, forger.token({"alg": "ES256"}, sign=sign))
    refused(attacker, forger.token({"alg": "ES256"}, sign=lambda _: bytes(64)))
    refused(attacker, forger.token(sign=lambda _: bytes(64)))


@pytest.mark.attack("JWT expired")
@pytest.mark.parametrize(
    "times",
    [
        {"exp": lambda now: now - 60},
        {"exp": lambda now: 0},
        {"exp": lambda now: -now},
        {"exp": lambda now: str(now + 60)},
        {"exp": lambda now: True},
        {"exp": lambda now: [now + 60]},
        {"exp": lambda now: float("nan")},
        {"exp": lambda now: ABSENT},
        {"exp": lambda now: None},
        {"nbf": lambda now: now + 60},
        {"nbf": lambda now: float("nan")},
        {"nbf": lambda now: ABSENT},
        {"nbf": lambda now: now + 600, "exp": lambda now: now + 1200},
    ],
)
def test_not_now(attacker: Attacker, forger: Forger, times: dict[str, Callable[[int], Any]]) -> None:
    """Expired, not yet valid, or without a time that is a number. 401."""
    now = int(time.time())
    refused(attacker, forger.token(claims={name: at(now) for name, at in times.items()}))


@pytest.mark.attack("JWT wrong aud")
@pytest.mark.parametrize(
    "audience",
    ["users", "order", "orders ", "ORDERS", "orders,users", "", "*", [], ["users"], None, ABSENT, {"orders": 1}, 1],
)
def test_for_somebody_else(attacker: Attacker, forger: Forger, audience: Any) -> None:
    """A good token for another audience, for all, for none. 401."""
    refused(attacker, forger.token(claims={"aud": audience}))


@pytest.mark.attack("JWT wrong aud")
@pytest.mark.parametrize("service", SERVICES)
def test_a_token_opens_one_service(attacker: Attacker, service: str) -> None:
    """A token for each other service, of every role, shown to this one. 401."""
    method, path = CLOSED[service]
    for audience in {*SERVICES} - {service}:
        for role in ("customer", "staff", SERVICE):
            token = attacker.shop.issuer.token("service:orders" if role == SERVICE else MALLORY, {role}, audience)
            assert attacker.ask(service, path, method, headers=bearer(token)).status == 401, (audience, role)


@pytest.mark.attack(KID)
@pytest.mark.parametrize(
    "kid",
    [
        "../../../../dev/null",
        "/proc/self/environ",
        "..\\..\\issuer.key.json",
        "issuer.key.json",
        "' OR '1'='1",
        "x' UNION SELECT 'secret'--",
        "|cat /etc/passwd",
        "http://127.0.0.1:1/jwks.json",
        "unknown",
        "",
        "\x00",
        "é" * 50,
        "a" * 2000,
        0,
        1.5,
        True,
        None,
        [],
        {},
        ABSENT,
    ],
)
def test_a_kid_names_no_file_and_no_query(attacker: Attacker, forger: Forger, kid: Any) -> None:
    """A path, SQL, a command, an address, another type, nothing as `kid`. 401: it chooses among known keys alone."""
    refused(attacker, forger.token({"kid": kid}))
    refused(attacker, forger.token({"alg": "HS256", "kid": kid}, sign=lambda data: hmac.digest(b"", data, "sha256")))


@pytest.mark.attack(KID)
def test_another_keys_kid(attacker: Attacker, forger: Forger) -> None:
    """The users' signature under a service's `kid`, and a service's under the users'. 401."""
    inventory = Forger(attacker.shop.issuer, "service:orders")
    for service in CALLED_BY_SERVICES:
        method, path = CLOSED[service]
        tokens = (
            forger.token({"kid": inventory.key.kid}, {"sub": "service:orders", "roles": ["service"]}, audience=service),
            inventory.token({"kid": forger.key.kid}, {"sub": "service:orders", "roles": ["service"]}, audience=service),
        )
        for token in tokens:
            assert attacker.ask(service, path, method, headers=bearer(token)).status == 401


@pytest.mark.attack(KID)
@pytest.mark.parametrize("kid", ["known", "new", ABSENT])
def test_a_token_brings_no_key(attacker: Attacker, forger: Forger, kid: Any) -> None:
    """The attacker's own key in `jwk`, `x5c`, `jku`, `x5u`, and a token signed with it. 401."""
    own = ed25519.Ed25519PrivateKey.generate()
    raw = own.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(raw), "kid": "new", "iss": "tillwatch-users"}
    named = {"kid": forger.key.kid if kid == "known" else kid}
    for header in (
        {"jwk": jwk},
        {"x5c": [encoded(raw)]},
        {"jku": "http://127.0.0.1:1/"},
        {"x5u": "http://127.0.0.1:1/"},
    ):
        refused(attacker, forger.token({**named, **header}, sign=own.sign))


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}])
def test_an_extension_that_must_be_understood(attacker: Attacker, forger: Forger, header: dict[str, Any]) -> None:
    """`crit` and `b64` in a well signed token. 401: we understand none."""
    refused(attacker, forger.token(header))


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize("kind", ["JWT", "refresh+jwt", "id+jwt", "logout+jwt", "", 1, None, ABSENT, ["at+jwt"]])
def test_a_token_of_another_kind(attacker: Attacker, forger: Forger, kind: Any) -> None:
    """An id token, a refresh token, one without a type, all well signed. 401."""
    refused(attacker, forger.token({"typ": kind}))


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize(
    "issuer",
    [
        "service:orders",
        "tillwatch-user",
        "tillwatch-users/",
        "https://evil.example",
        "",
        None,
        ABSENT,
        ["tillwatch-users"],
    ],
)
def test_in_another_issuers_name(attacker: Attacker, forger: Forger, issuer: Any) -> None:
    """Another `iss` than the key speaks for. 401."""
    refused(attacker, forger.token(claims={"iss": issuer}))


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize("service", sorted(CALLED_BY_SERVICES))
def test_a_service_is_no_customer_and_no_staff(attacker: Attacker, service: str) -> None:
    """A service's stolen key that claims to be people, or another service. 401: it speaks for itself alone."""
    thief = Forger(attacker.shop.issuer, "service:orders")
    method, path = CLOSED[service]
    for subject, roles in (
        (MALLORY, [CUSTOMER]),
        ("service:orders", ["staff"]),
        ("service:orders", ["service", "admin"]),
        ("service:payments", ["service"]),
        ("service:orders\n", ["service"]),
    ):
        token = thief.token(claims={"sub": subject, "roles": roles}, audience=service)
        assert attacker.ask(service, path, method, headers=bearer(token)).status == 401, (subject, roles)
    good = thief.token(claims={"sub": "service:orders", "roles": ["service"]}, audience=service)
    assert attacker.ask(service, path, method, headers=bearer(good)).status == 200


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize("service", sorted(CALLED_BY_SERVICES))
def test_people_are_no_service(attacker: Attacker, forger: Forger, service: str) -> None:
    """The users' key that claims the role service, or a service's name. 401."""
    method, path = CLOSED[service]
    for subject, roles in ((MALLORY, ["service"]), ("service:orders", ["service"]), ("service:orders", ["staff"])):
        token = forger.token(claims={"sub": subject, "roles": roles}, audience=service)
        assert attacker.ask(service, path, method, headers=bearer(token)).status == 401, (subject, roles)


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize(
    "subject", ["", " ", "u 1", "u_1\n", "u_1\r\nX-A: b", "../u", "u" * 65, "ü", "' OR 1=1--", 1, None, ["u_1"], ABSENT]
)
def test_a_subject_that_is_no_id(attacker: Attacker, forger: Forger, subject: Any) -> None:
    """Line ends, SQL, paths, other types as `sub` of a well signed token. 401: it stands in tables and logs."""
    refused(attacker, forger.token(claims={"sub": subject}))


@pytest.mark.attack(OTHER)
def test_a_signature_of_something_else(attacker: Attacker, forger: Forger) -> None:
    """One token's signature under another's claims. 401."""
    header, _, signature = forger.token().split(".")
    claims = forger.token(claims={"sub": "u_victim"}).split(".")[1]
    refused(attacker, f"{header}.{claims}.{signature}")


@pytest.mark.attack(OTHER)
def test_a_flipped_bit(attacker: Attacker, forger: Forger) -> None:
    """Every 37th bit of a signature flipped, it cut short, it lengthened, its other spelling. 401."""
    signed, _, last = forger.token().rpartition(".")
    signature = decoded(last)
    whole = int.from_bytes(signature, "big")
    forged = [(whole ^ (1 << bit)).to_bytes(64, "big") for bit in range(0, 512, 37)]
    malleable = int.from_bytes(signature[32:], "little") + GROUP_ORDER
    forged += [signature[:-1], signature + b"\0", signature[:32] + malleable.to_bytes(32, "little")]
    for each in forged:
        refused(attacker, f"{signed}.{encoded(each)}")


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize(
    "written",
    [
        "Bearer {0} {0}",
        "Bearer {0},{0}",
        "Bearer {0}, Bearer {0}",
        "Basic {0}",
        "Token {0}",
        "{0}",
        "Bearer",
        "Bearer  ",
        "Digest username=a",
    ],
)
def test_a_header_that_is_no_bearers(attacker: Attacker, forger: Forger, written: str) -> None:
    """A good token twice in one header, under another scheme, under none. 401."""
    answer = attacker.ask("orders", PATH, headers={"Authorization": written.format(forger.token())})
    assert answer.status == 401


@pytest.mark.attack(OTHER)
def test_elsewhere_than_in_the_header(attacker: Attacker, forger: Forger) -> None:
    """A good token in the query, in a cookie, in a header of another name, in the body. 401: addresses get logged."""
    token = forger.token()
    places: list[dict[str, Any]] = [
        {"path": f"{PATH}?access_token={token}"},
        {"path": f"{PATH}?token={token}"},
        {"headers": {"Cookie": f"access_token={token}; session={token}"}},
        {"headers": {"X-Authorization": f"Bearer {token}"}},
        {"headers": {"Proxy-Authorization": f"Bearer {token}"}},
        {"headers": {"X-User-Id": MALLORY, "X-Roles": "admin"}},
        {"path": "/api/v1/carts", "method": "POST", "body": {"access_token": token}},
    ]
    for place in places:
        assert attacker.ask("orders", **{"path": PATH, **place}).status == 401, place.keys()


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize("length", [4097, 8000])
def test_a_very_long_token(attacker: Attacker, forger: Forger, length: int) -> None:
    """A well signed token of more than 4 KiB. 401 before it is parsed."""
    refused(attacker, forger.token(claims={"padding": "a" * length})[: length + 100])


@pytest.mark.attack(OTHER)
@pytest.mark.parametrize(
    "part", ["{" * 1500, "[" * 2800, '"text"', "null", "[]", "1", "not json", "{}", '{"alg":"EdDSA","alg":"none"}']
)
def test_parts_that_are_no_objects(attacker: Attacker, forger: Forger, part: str) -> None:
    """Deep JSON, texts, lists as header and as claims. 401."""
    header, claims, signature = forger.token().split(".")
    forged = encoded(part.encode())
    refused(attacker, f"{forged}.{claims}.{signature}")
    signed = f"{header}.{forged}"
    refused(attacker, f"{signed}.{encoded(forger.key.private.sign(signed.encode()))}")


@pytest.mark.attack(OTHER)
def test_a_good_token_is_let_in(attacker: Attacker, forger: Forger) -> None:
    """The same forger with nothing wrong. 200: what the others are refused for is what is wrong with them."""
    assert attacker.ask("orders", PATH, headers=bearer(forger.token())).status == 200
