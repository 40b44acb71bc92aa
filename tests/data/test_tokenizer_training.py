import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import load_tokenizer
from zaphod.data.slices import open_tokenizer
from zaphod.data.tokenizer_training import TokenizerTraining, measure_tokenizer, save_tokenizer, train_tokenizer

CORPUS = [f"The {noun} number {n} is {n * n}; les {noun}s étaient là.\n" for n in range(60) for noun in ("cat", "moon")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    training = TokenizerTraining(vocab_size=400)
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(CORPUS, training), training, folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder):
    return open_tokenizer(str(folder))[0]


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_unchanged(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text, allow_special=False)) == text


def test_special_tokens_have_the_first_ids_and_close_documents(tokenizer):
    assert (dict(tokenizer.special_tokens), tokenizer.eos_token_ids, tokenizer.pad_token_id) == (
        {"<|end|>": 0, "<|pad|>": 1},
        (0,),
        1,
    )


def test_words_of_the_corpus_become_single_tokens(tokenizer):
    report = measure_tokenizer(tokenizer, CORPUS)
    assert (report.num_texts, report.num_changed) == (120, 0)
    assert report.bytes_per_token > 2.5
    assert len(tokenizer.encode(" number")) == 1


def test_digits_stand_alone(tokenizer):
    assert len(tokenizer.encode("3600")) == 4


def test_the_same_texts_give_the_same_vocabulary():
    first, second = (train_tokenizer(CORPUS, TokenizerTraining(vocab_size=300)).to_str() for _ in range(2))
    assert first == second


def test_text_that_utf8_cannot_hold_does_not_stop_the_training():
    assert train_tokenizer(["a\ud800b"], TokenizerTraining(vocab_size=258)).get_vocab_size() == 258


def test_a_folder_and_its_file_are_the_same_tokenizer(folder):
    assert open_tokenizer(str(folder))[1] == open_tokenizer(str(folder / "tokenizer.json"))[1]
    assert load_tokenizer({"tokenizer.json": folder / "tokenizer.json"}, {}).encode("cat") == [
        *open_tokenizer(str(folder))[0].encode("cat")
    ]


def test_a_place_without_tokenizer_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no tokenizer"):
        open_tokenizer(str(tmp_path))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"vocab_size": 257}, "need 258"),
        ({"splitting": "words"}, "no splitting"),
        ({"special_tokens": ("<|end|>", "<|end|>")}, "Name each once"),
        ({"end_token": "</s>"}, "not among the special tokens"),
    ],
)
def test_settings_that_make_no_vocabulary_are_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        TokenizerTraining(**settings)
