"""Bearer tokens: what an attacker would send is refused, each for its own reason."""

import base64
import json
import time
from pathlib import Path
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from services.shared.config import Config
from services.shared.errors import ConfigError, InvalidToken
from services.shared.identity import USERS_ISSUER
from services.shared.issuer import Issuer
from services.shared.signing import SigningKey
from services.shared.tokens import LEEWAY_SECONDS, REREAD_SECONDS, JwksVerifier, KeyFile, verifier_of

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """An issuer and the verifier of the service orders, both at NOW."""
    folder = tmp_path_factory.mktemp("keys")
    issuer = Issuer.create(folder, now=lambda: NOW)
    key = SigningKey.load(folder / "issuer.key.json")
    return SimpleNamespace(issuer=issuer, key=key, verifier=issuer.verifier("orders"))


def signed(key: SigningKey, *, header: dict | None = None, algorithm: str = "EdDSA", **claims) -> str:
    """A good customer's token for orders, but for *header* and *claims*; a claim of None is left out."""
    said = {
        "iss": USERS_ISSUER,
        "sub": "u-1",
        "aud": "orders",
        "roles": ["customer"],
        "nbf": NOW,
        "exp": NOW + 60,
    } | claims
    said = {name: value for name, value in said.items() if value is not None}
    names = {"typ": "at+jwt", "kid": key.kid} | (header or {})
    # Not through PyJWT's own checks: an attacker has none.
    return jwt.PyJWS().encode(json.dumps(said).encode(), key.private, algorithm=algorithm, headers=names)


def refused(verifier: JwksVerifier, token: str) -> str:
    """The reason why *token* is refused."""
    with pytest.raises(InvalidToken) as raised:
        verifier.verify(token)
    return str(raised.value)


def forged(header: dict, claims: dict, signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_good_token_tells_who_it_is(world) -> None:
    """Subject and roles, of a customer and of a service."""
    customer = world.verifier.verify(world.issuer.token("u-1", ["customer"], "orders"))
    assert (customer.subject, customer.roles) == ("u-1", {"customer"})
    service = world.verifier.verify(world.issuer.token("service:payments", ["service"], "orders"))
    assert (service.subject, service.roles) == ("service:payments", {"service"})
    assert world.verifier.verify(signed(world.key)).subject == "u-1"
    assert world.verifier.verify(signed(world.key, header={"typ": "application/at+jwt"})).subject == "u-1"
    assert world.verifier.verify(signed(world.key, aud=["payments", "orders"])).subject == "u-1"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        pytest.param({"exp": NOW - LEEWAY_SECONDS}, "expired", id="expired"),
        pytest.param({"nbf": NOW + LEEWAY_SECONDS + 1}, "not_yet", id="not valid yet"),
        pytest.param({"aud": "payments"}, "audience", id="for another service"),
        pytest.param({"aud": []}, "claims", id="for nobody"),
        pytest.param({"aud": None}, "claims", id="without an audience"),
        pytest.param({"iss": "service:orders"}, "issuer", id="by another issuer than its key's"),
        pytest.param({"iss": None}, "claims", id="without an issuer"),
        pytest.param({"exp": None}, "claims", id="without an end"),
        pytest.param({"nbf": None}, "claims", id="without a begin"),
        pytest.param({"sub": None}, "claims", id="without a subject"),
        pytest.param({"exp": "2099"}, "claims", id="an end in quotes"),
        pytest.param({"exp": True}, "claims", id="an end of true"),
        pytest.param({"exp": float("nan")}, "expired", id="an end that is no number"),
        pytest.param({"nbf": float("nan")}, "not_yet", id="a begin that is no number"),
        pytest.param({"exp": [NOW]}, "claims", id="an end that is a list"),
        pytest.param({"roles": ["service"]}, "roles", id="a user who would be a service"),
        pytest.param({"sub": "service:orders"}, "subject", id="a user named like a service"),
        pytest.param({"sub": 7}, "malformed", id="a subject that is a number"),
    ],
)
def test_a_wrong_claim_is_refused(world, claims: dict, reason: str) -> None:
    """Though the signature is good."""
    assert refused(world.verifier, signed(world.key, **claims)) == reason


def test_clocks_may_differ_by_the_leeway_and_no_more(world) -> None:
    """Ten seconds, which is below thirty."""
    assert LEEWAY_SECONDS <= 30
    world.verifier.verify(signed(world.key, exp=NOW - LEEWAY_SECONDS + 1, nbf=NOW + LEEWAY_SECONDS))


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param({"typ": "JWT"}, "type", id="an id token"),
        pytest.param({"typ": None}, "type", id="no type"),
        pytest.param({"typ": ["at+jwt"]}, "type", id="a list of types"),
        pytest.param({"kid": "none-such"}, "key", id="an unknown key"),
        pytest.param({"kid": "../../../dev/null"}, "key", id="a path"),
        pytest.param({"kid": "' OR 1=1 --"}, "key", id="a query"),
        pytest.param({"crit": ["exp"]}, "malformed", id="an extension that nobody knows"),
    ],
)
def test_a_wrong_header_is_refused(world, header: dict, reason: str) -> None:
    """Though the signature is good."""
    assert refused(world.verifier, signed(world.key, header=header)) == reason


def test_an_extension_that_the_library_knows_is_refused(world) -> None:
    """It is none of ours."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": world.key.kid, "b64": True, "crit": ["b64"]}
    assert refused(world.verifier, forged(header, {}, b"x" * 64)) == "crit"


@pytest.mark.parametrize("kid", [None, 7, ["a"], {"a": 1}])
def test_a_key_id_that_is_no_text_is_refused(world, kid: object) -> None:
    """It is neither a crash nor a key."""
    token = forged({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, {"sub": "u-1"}, b"x" * 64)
    assert refused(world.verifier, token) in ("key", "malformed")


def test_keys_that_a_token_brings_are_ignored(world) -> None:
    """jwk, jku, x5u and x5c name the attacker's key; the signature is checked with ours."""
    attacker = SigningKey.create(USERS_ISSUER)
    brought = {"jwk": attacker.public(), "jku": "http://evil/jwks.json", "x5u": "http://evil/x", "x5c": ["AAAA"]}
    assert refused(world.verifier, signed(attacker, header=brought | {"kid": world.key.kid})) == "signature"
    assert refused(world.verifier, signed(attacker, header=brought)) == "key"
    assert world.verifier.verify(signed(world.key, header=brought)).subject == "u-1"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256", "ES256", ""])
def test_the_algorithm_is_the_keys(world, algorithm: str) -> None:
    """A token cannot choose another, least of all none."""
    claims = {"iss": USERS_ISSUER, "sub": "u-1", "aud": "orders", "roles": ["staff"], "nbf": NOW, "exp": NOW + 60}
    token = forged({"alg": algorithm, "typ": "at+jwt", "kid": world.key.kid}, claims)
    assert refused(world.verifier, token) == "algorithm"


def test_the_public_key_is_no_shared_secret(world) -> None:
    """HS256 with the bytes of the public key, in any of its forms, proves nothing."""
    public = world.key.private.public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = {"iss": USERS_ISSUER, "sub": "u-1", "aud": "orders", "roles": ["staff"], "nbf": NOW, "exp": NOW + 60}
    header = {"alg": "HS256", "typ": "at+jwt", "kid": world.key.kid}
    for secret in (raw, pem):
        unsigned = forged(header, claims).rpartition(".")[0]
        algorithm = jwt.get_algorithm_by_name("HS256")
        mac = base64.urlsafe_b64encode(algorithm.sign(unsigned.encode(), secret)).rstrip(b"=").decode()
        assert refused(world.verifier, f"{unsigned}.{mac}") == "algorithm"


def test_a_services_key_cannot_speak_for_the_users_issuer(world) -> None:
    """A service that is taken over is not everybody: its key signs for its own name alone."""
    stolen = SigningKey.load(world.issuer.folder / "catalog.key.json")
    assert refused(world.verifier, signed(stolen)) == "issuer"
    assert refused(world.verifier, signed(stolen, iss="service:catalog")) == "subject"
    assert refused(world.verifier, signed(stolen, iss="service:catalog", sub="service:catalog")) == "roles"
    as_itself = signed(stolen, iss="service:catalog", sub="service:catalog", roles=["service"])
    assert world.verifier.verify(as_itself).subject == "service:catalog"


def test_only_the_issuers_that_a_service_names_count(world) -> None:
    """A key in the file is not enough."""
    narrow = JwksVerifier(world.issuer.jwks_file, "orders", [USERS_ISSUER], now=lambda: NOW)
    assert narrow.verify(signed(world.key)).subject == "u-1"
    assert refused(narrow, world.issuer.token("service:payments", ["service"], "orders")) == "key"


def test_es256_is_accepted(tmp_path: Path) -> None:
    """From a key of that kind, and with no other algorithm."""
    private = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "p", "iss": USERS_ISSUER}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [jwk]}), encoding="utf-8")
    verifier = JwksVerifier(tmp_path / "jwks.json", "orders", [USERS_ISSUER], now=lambda: NOW)
    key = SimpleNamespace(kid="p", private=private)
    assert verifier.verify(signed(key, algorithm="ES256")).subject == "u-1"


@given(st.text(max_size=60) | st.lists(st.text("eyJ0-_.A", max_size=12), max_size=4).map(".".join))
def test_no_text_breaks_the_verifier(world_of_nobody, text: str) -> None:
    """Whatever is sent is refused, never an error of ours."""
    with pytest.raises(InvalidToken):
        world_of_nobody.verify(text)


@pytest.fixture(scope="module")
def world_of_nobody(world) -> JwksVerifier:
    """The verifier, under a name that hypothesis' examples may share."""
    return world.verifier


@pytest.mark.parametrize("part", [0, 1])
def test_deeply_nested_json_is_refused(world, part: int) -> None:
    """In the header and in the claims, it ends in a refusal."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": world.key.kid}
    deep = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()
    parts = forged(header, {}, b"x" * 64).split(".")
    parts[part] = deep
    assert refused(world.verifier, ".".join(parts)) in ("malformed", "signature", "too_long")


def test_a_long_token_is_not_even_parsed(world) -> None:
    """4 KiB are enough for any of ours."""
    assert refused(world.verifier, "a" * 4097) == "too_long"


def test_a_changed_token_is_refused(world) -> None:
    """Every character counts: one more role breaks the signature."""
    header, claims, signature = signed(world.key).split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(said | {"roles": ["staff"]}).encode()).rstrip(b"=").decode()
    assert refused(world.verifier, f"{header}.{changed}.{signature}") == "signature"


def test_refusals_do_not_repeat_the_token(world) -> None:
    """Neither the error nor its cause holds a part of it that proves something."""
    token = signed(world.key, exp=1)
    with pytest.raises(InvalidToken) as raised:
        world.verifier.verify(token)
    shown = f"{raised.value!r} {raised.value.__cause__!r}"
    assert not [part for part in token.split(".") if part in shown]


class TestKeyFile:
    """The file as it changes under a running service."""

    @pytest.fixture
    def changing(self, tmp_path: Path) -> SimpleNamespace:
        """A key file, and the clock of whoever reads it."""
        clock, path = SimpleNamespace(now=0.0), tmp_path / "jwks.json"

        def write(*keys: SigningKey) -> None:
            path.write_text(json.dumps({"keys": [key.public() for key in keys]}), encoding="utf-8")

        first = SigningKey.create(USERS_ISSUER)
        write(first)
        return SimpleNamespace(
            clock=clock, path=path, write=write, first=first, file=KeyFile(path, clock=lambda: clock.now)
        )

    def test_a_changed_file_counts_within_seconds(self, changing) -> None:
        """A key that is taken out is refused, a new one is known."""
        second = SigningKey.create(USERS_ISSUER)
        changing.write(second)
        assert set(changing.file.keys()) == {changing.first.kid}
        changing.clock.now += REREAD_SECONDS
        assert set(changing.file.keys()) == {second.kid}

    @pytest.mark.parametrize("content", ["", "{}", None])
    def test_a_broken_file_changes_nothing(self, changing, content: str | None) -> None:
        """The last good keys stay until the file is good again."""
        if content is None:
            changing.path.unlink()
        else:
            changing.path.write_text(content, encoding="utf-8")
        changing.clock.now += REREAD_SECONDS
        assert set(changing.file.keys()) == {changing.first.kid}
        second = SigningKey.create(USERS_ISSUER)
        changing.write(second)
        changing.clock.now += REREAD_SECONDS
        assert set(changing.file.keys()) == {second.kid}

    def test_a_broken_file_stops_the_start(self, changing) -> None:
        """Who begins without keys is told so."""
        changing.path.write_text("{}", encoding="utf-8")
        with pytest.raises(ConfigError):
            KeyFile(changing.path)


def test_a_config_without_a_key_file_trusts_nobody(world) -> None:
    """The verifier is made where a file is named, for the service's own name."""
    assert verifier_of(Config(service="orders"), [USERS_ISSUER]) is None
    config = Config(service="orders", jwks_file=world.issuer.jwks_file)
    token = signed(world.key, nbf=time.time(), exp=time.time() + 60)
    assert verifier_of(config, [USERS_ISSUER]).verify(token).subject == "u-1"
