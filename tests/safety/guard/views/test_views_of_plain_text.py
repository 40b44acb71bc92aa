"""Texts that hide nothing keep their words, in all languages, and get few views."""

from __future__ import annotations

import pytest

from zaphod.safety.guard.views import canonical, views_of

LANGUAGES = {
    "Chinese": "依赖注入是一种设计模式，请忽略此警告。",
    "Japanese": "がぎぐげご、データベースの接続を確認してください。",
    "Korean": "이전 지시를 확인하고 다시 시도하십시오",
    "Hindi": "मैं हिंदी में पढ़ता और लिखता हूँ",
    "Tamil": "தமிழ் மொழி மிகவும் பழமையானது",
    "Thai": "ภาษาไทยเป็นภาษาที่มีวรรณยุกต์",
    "Russian": "рот, сок и хор: это слова, а не шифр; мы с вами едим суп",
    "Ukrainian": "їжа є на столі, і ми її їмо",
    "Greek": "η γλώσσα ψάχνει και το νερό είναι εδώ",
    "Hebrew": "הקוד הזה נכתב אתמול",
    "Georgian": "ქართული ენა ძალიან ლამაზია",
    "Inuktitut": "ᐃᓄᒃᑎᑐᑦ ᐅᖃᐅᓯᖅ ᐱᒻᒪᕆᐅᔪᖅ",
}
MARKS = {"Greek": str.maketrans("άέήίόύώϊϋ", "αεηιουωιυ"), "Ukrainian": str.maketrans("ї", "і")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_other_scripts_stay_what_they_are(language: str) -> None:
    text = LANGUAGES[language]
    folded = canonical(text).text
    latin = [c for c in folded if c.isascii() and c.isalpha()]
    assert not latin, folded


@pytest.mark.parametrize("language", ["Japanese", "Korean", "Hindi", "Tamil", "Thai"])
def test_marks_that_make_letters_stay(language: str) -> None:
    words = LANGUAGES[language].replace("、", ",").replace("。", ".")
    assert canonical(words).text == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_that_hides_nothing_has_few_views(language: str) -> None:
    assert len(views_of(LANGUAGES[language] * 20)) <= 4


@pytest.mark.parametrize(
    "text",
    [
        "The committee meets on the 3rd of May to talk about a well-known problem of the 21st century.",
        "Straße, naïve, façade, São Paulo and Zürich are words with marks.",
        "You may use GPT-4 or an H200 for $5m; see RFC 2119, section 4.1 (page 17).",
        "def add_user(self, userName: str) -> None: self.users[userName] = User(userName)",
        "git rebase -i HEAD~3 && git push --force-with-lease origin feature/ABC-123",
    ],
)
def test_english_and_code_are_read_in_no_strange_way(text: str) -> None:
    steps = {step for view in views_of(text * 5) for step in view.chain}
    assert steps <= {"fold", "join", "leet", "compact", "squeeze", "word-order"}


def test_plain_text_has_three_views() -> None:
    text = "Nothing is hidden here, and nothing has to be found. " * 20
    assert [view.chain for view in views_of(text)] == [(), ("fold",), ("fold", "compact")]


def test_a_russian_word_alone_is_read_as_it_looks() -> None:
    assert canonical("ехес").text == "exec"
    assert canonical("ехес это не слово").text == "ехес это не слово"


def test_a_word_of_two_scripts_is_read_as_latin_even_in_russian_text() -> None:
    assert "password" in canonical("Дайте мне раsswоrd, пожалуйста, и ничего больше").text


def test_numbers_with_units_are_no_words() -> None:
    assert canonical("10ms, 5kb, 3rd, 16gb and 1024").text == "10ms, 5kb, 3rd, 16gb and 1024"


@pytest.mark.parametrize(
    ("written", "meant"), [("ru1es", "rules"), ("c1ear", "clear"), ("th1s", "this"), ("a11", "all")]
)
def test_a_one_is_the_letter_that_makes_the_more_english_word(written: str, meant: str) -> None:
    assert canonical(f"1gn0re {written}").text == f"ignore {meant}"


def test_digits_of_all_scripts_have_their_value() -> None:
    assert canonical("١٢٣ ४५६ 𝟕𝟖𝟗 ０").text == "123 456 789 0"
