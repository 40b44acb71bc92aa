"""Documents by language and by address."""

import builtins
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from zaphod.core.errors import ConfigError, MissingExtraError
from zaphod.data.documents import Document, Dropped
from zaphod.data.filters import language
from zaphod.data.filters.language import Language, identify, windows
from zaphod.data.filters.urls import UrlLists, host_of, read_list

_ENGLISH = "The engine reads the whole file once and keeps what it has learnt from it until the next day. "
_GERMAN = "Die Maschine liest die ganze Datei einmal und behält bis zum nächsten Tag, was sie daraus gelernt hat. "
_FRENCH = "Le moteur lit le fichier une seule fois et garde ce qu'il en a appris jusqu'au lendemain matin. "


def judged(stage, text: str = "", url: str = ""):
    return stage.judge(Document(id="", text=text, url=url))


def test_the_language_is_written_down():
    kept = judged(Language(), _ENGLISH)
    assert (kept.language, float(kept.metadata["language_probability"]) > 0.9) == ("en", True)


@pytest.mark.parametrize("text", [_GERMAN, _FRENCH])
def test_other_languages_are_dropped_unless_asked_for(text):
    assert judged(Language(), text) == Dropped("other language")
    assert judged(Language(languages=("de", "fr")), text).language in ("de", "fr")
    assert judged(Language(languages=()), text).language in ("de", "fr")


def test_what_is_no_language_is_not_sure():
    assert judged(Language(languages=()), "0101 1100 ==== 2222") == Dropped("language not sure")


@functools.cache
def the_library():
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@given(
    st.lists(st.sampled_from([*f"{_ENGLISH}{_GERMAN}{_FRENCH}".split(), "語", "\ud800", "42", "ДА", "\0"]), max_size=60)
)
def test_the_bytes_in_rounds_give_what_the_library_gives(words):
    text = " ".join(words)
    assert identify(text) == the_library().classify(text)


def test_a_long_text_is_read_at_three_places():
    text = "a" * 1000 + "b" * 1000 + "c" * 1000
    assert windows(text, 10) == f"{'a' * 10} {'b' * 10} {'c' * 10}"
    assert windows("short", 10) == "short"


def test_an_unknown_language_is_refused():
    with pytest.raises(ConfigError, match="xx"):
        Language(languages=("xx",))


def test_without_the_library_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("py3langid"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    language._identifier.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r"zaphod\[data\]"):
        Language()


@pytest.mark.parametrize(
    ("settings", "url", "reason"),
    [
        ({"allowed_hosts": ["good.org"]}, "https://evil.org/good.org", "host not allowed"),
        ({"allowed_hosts": ["good.org"]}, "https://notgood.org/", "host not allowed"),
        ({"blocked_hosts": ["Bad.org."]}, "http://www.BAD.org:80/x", "host blocked"),
        ({"blocked_urls": ["http://a.org/x"]}, "http://a.org/x", "address blocked"),
        ({"blocked_words": ["Casino"]}, "http://a.org/best-casino.html", "word in address"),
        ({"doubtful_words": ["free", "win"]}, "http://a.org/win/free", "doubtful words in address"),
        ({"allowed_hosts": ["good.org"]}, "http://[broken/", "host not allowed"),
    ],
)
def test_addresses_that_are_not_wanted(settings, url, reason):
    assert judged(UrlLists(**settings), url=url) == Dropped(reason)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"allowed_hosts": ["good.org"]}, "https://docs.good.org/"),
        ({"blocked_words": ["casino"]}, "http://a.org/occasinonal"),
        ({"doubtful_words": ["free", "win"]}, "http://a.org/win"),
        ({"allowed_hosts": ["good.org"]}, ""),
    ],
)
def test_addresses_that_are(settings, url):
    assert isinstance(judged(UrlLists(**settings), url=url), Document)


def test_url_settings_build_an_equal_stage():
    stage = UrlLists(blocked_hosts=["b.org", "a.org"], num_doubtful=3)
    assert UrlLists(**stage.settings()).settings() == stage.settings()


def test_a_list_is_read_without_comments(tmp_path):
    (tmp_path / "hosts").write_text("# ours\na.org  # one\n\nb.org\n")
    assert read_list(tmp_path / "hosts") == ["a.org", "b.org"]
    with pytest.raises(ConfigError, match="absent"):
        read_list(tmp_path / "absent")


@given(st.text())
def test_no_address_breaks_the_lists(url):
    host_of(url)
    UrlLists(blocked_hosts=["a.org"], blocked_words=["b"]).reason(url)
