"""Secrets: what opens something, and what only stands where secrets stand."""

import base64
import random
import string

import pytest

from zaphod.safety.guard.pii import PiiFinder, SecretFinder
from zaphod.safety.guard.pii.entropy import entropy_bits, looks_random
from zaphod.safety.guard.views import views_of
from zaphod.safety.guard.views.view import RawView

FINDER = SecretFinder()
DRAW = random.Random(42)


def drawn(count, alphabet=string.ascii_letters + string.digits):
    return "".join(DRAW.choice(alphabet) for _ in range(count))


def found(text):
    return [
        (hit.rule.removeprefix("secret."), text[hit.start : hit.end]) for hit in FINDER.find([RawView(text)], "output")
    ]


MARKED = {
    "openai": f"sk-proj-{drawn(48)}",
    "anthropic": f"sk-ant-api03-{drawn(93)}",
    "aws": f"AKIA{drawn(16, 'ABCDEFGH234567')}",
    "github": f"ghp_{drawn(36)}",
    "gitlab": f"glpat-{drawn(20)}",
    "slack": f"xoxb-123456789012-{drawn(24)}",
    "stripe": f"sk_live_{drawn(24)}",
    "google": f"AIza{drawn(35)}",
    "huggingface": f"hf_{drawn(34, string.ascii_letters)}",
    "zaphod": f"zk-{drawn(43)}",
    "npm": f"npm_{drawn(36)}",
    "sendgrid": f"SG.{drawn(22)}.{drawn(43)}",
    "telegram": f"123456789:AA{drawn(33)}",
    "digitalocean": f"dop_v1_{drawn(64, '0123456789abcdef')}",
    "xai": f"xai-{drawn(80)}",
}


@pytest.mark.parametrize(("issuer", "key"), MARKED.items())
def test_a_marked_key_is_found_wherever_it_stands(issuer, key):
    for text in (key, f"key={key}\n", f'"{key}",', f"https://example.com/?k={key}&x=1", f"ключ{key}"):
        assert [rule for rule, value in found(text) if key in value or value in key][:1] == [issuer]


@pytest.mark.parametrize(
    "text",
    [
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_000000000000000000000000000000000000",
        "sk-learn",
        "AKIA",
        "risk-based-approaches",
    ],
)
def test_marks_without_a_key_are_let_through(text):
    assert found(text) == []


def test_a_private_key_is_found_whole():
    body = "\n".join(base64.b64encode(DRAW.randbytes(48)).decode() for _ in range(20))
    block = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
    assert found(f"here: {block}\nend") == [("private_key", block)]


def test_a_private_key_without_its_end_is_found():
    [(rule, value)] = found("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v\nAAAAAAAA")
    assert rule == "private_key"
    assert value.endswith("AAAAAAAA")


def test_a_public_key_is_no_secret():
    assert found("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----") == []


def test_a_web_token_is_one_only_if_its_header_decodes():
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    token = f"{header}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{drawn(43)}"
    assert found(f"cookie {token} set") == [("jwt", token)]
    assert found(f"cookie eyB{token[3:]} set") == []


@pytest.mark.parametrize(
    "text",
    [
        "https://user:s3cr3t!pw@db.example.com/x",
        "postgres://app:hunter2pw@10.1.2.3:5432/db",
        "redis://:p4ssw0rd@cache:6379",
    ],
)
def test_a_password_in_a_url_is_found(text):
    assert [rule for rule, _ in found(text)] == ["url_password"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password=hunter2!x", "hunter2!x"),
        ("my password is Tr0ub4dor&3.", "Tr0ub4dor&3"),
        ("Passwort: geh3im!", "geh3im!"),
        ('DB_PASSWORD = "x9$kLq2w"', "x9$kLq2w"),
        ("contraseña: perr0Verde7", "perr0Verde7"),
        ("пароль: qwe123rty", "qwe123rty"),
        ("client_secret: 8f7a6b5c4d3e2f1a", "8f7a6b5c4d3e2f1a"),
        ("passphrase = correct-horse-battery-staple", "correct-horse-battery-staple"),
    ],
)
def test_what_is_assigned_to_a_password_is_found(text, value):
    assert ("password", value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "password is required",
        "password: string",
        "password = os.environ['PASSWORD']",
        "token = get_token(request)",
        "password=${DB_PASSWORD}",
        "password: <your password>",
        "token: {{ secrets.TOKEN }}",
        "password=********",
        'type="password" id="login-password"',
        "the secret is patience",
        "secret = None",
        "password = user.password_hash",
        "Enter password:",
        "tokens: 4096 used",
    ],
)
def test_placeholders_prose_and_code_are_no_passwords(text):
    assert found(text) == []


def test_a_digest_a_commit_and_a_uuid_are_no_secrets():
    sha = drawn(64, "0123456789abcdef")
    for text in (
        f"sha256:{sha}",
        f"commit {sha[:40]}",
        "token id 8f14e45f-ceea-467f-a0e6-0a1b2c3d4e5f",
        f"etag {sha[:32]}",
    ):
        assert found(text) == []


def test_a_random_string_counts_beside_a_word_that_calls_it_secret():
    value = drawn(40)
    assert found(f"here is the api key you asked for: {value}") == [("token", value)]
    assert found(f"the object was stored as {value}") == []


def test_an_encoded_key_is_found_through_a_view():
    text = base64.b64encode(f"use {MARKED['github']} now".encode()).decode()
    assert any(hit.rule == "secret.github" and hit.views for hit in FINDER.find(views_of(text), "output"))


def test_entropy_is_that_of_shannon():
    assert entropy_bits("") == 0
    assert entropy_bits("aaaa") == 0
    assert entropy_bits("abcd") == 2
    assert not looks_random("aaaaaaaaaaaaaaaaaaaaaaaa1A")


def test_no_title_says_what_was_found():
    finders = (FINDER, PiiFinder())
    text = "password=hunter2!x me@example.com"
    hits = [hit for finder in finders for hit in finder.find([RawView(text)], "output")]
    assert hits
    assert all(text[hit.start : hit.end] not in hit.title for hit in hits)
