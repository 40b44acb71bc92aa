import io
from dataclasses import replace

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.sentencepiece_model import Piece, PieceType, parse_sentencepiece_model
from zaphod.data.sentencepiece_import import compare, convert_sentencepiece, import_sentencepiece
from zaphod.data.slices import open_tokenizer

CORPUS = [f"The {noun} number {n} is {n * n}; les {noun}s étaient là." for n in range(80) for noun in ("cat", "moon")]
KINDS = {
    "bpe": {"model_type": "bpe"},
    "unigram": {"model_type": "unigram"},
    "bpe of Llama's kind": {
        "model_type": "bpe",
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "split_digits": True,
        "user_defined_symbols": ["<|im_end|>"],
    },
    "unigram with bytes": {"model_type": "unigram", "byte_fallback": True, "add_dummy_prefix": False},
}


@pytest.fixture(scope="module", params=KINDS.values(), ids=KINDS.keys())
def model_file(request, tmp_path_factory):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        vocab_size=360,
        hard_vocab_limit=False,
        minloglevel=2,
        **request.param,
    )
    file = tmp_path_factory.mktemp("sentencepiece") / "tokenizer.model"
    file.write_bytes(model.getvalue())
    return file


@pytest.fixture(scope="module")
def pair(model_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    import_sentencepiece(model_file, folder)
    return sentencepiece.SentencePieceProcessor(str(model_file)), open_tokenizer(str(folder))[0]


WORDS = st.lists(
    st.sampled_from(["The", "cat", "moon", "is", "étaient", "3600", "zebra", "là.", "naïve", "x" * 9, "日本"])
)


@settings(deadline=None)
@given(words=WORDS)
def test_ids_are_those_of_the_sentencepiece_library(pair, words):
    theirs, ours = pair
    text = " ".join(words)
    assert ours.encode(text, allow_special=False) == theirs.encode(text)


def test_the_corpus_itself_agrees_whole(pair):
    theirs, ours = pair
    assert [ours.encode(text) for text in CORPUS] == [theirs.encode(text) for text in CORPUS]


def test_decoding_gives_what_the_sentencepiece_library_gives(pair):
    theirs, ours = pair
    ids = theirs.encode("The moon number 7 étaient là.")
    assert ours.decode(ids).strip() == theirs.decode(ids).strip()


def test_end_and_begin_are_the_models(model_file, pair):
    theirs, ours = pair
    assert (ours.bos_token_id, ours.eos_token_ids) == (theirs.bos_id(), (theirs.eos_id(),))


def test_a_comparison_counts_and_shows_the_first_difference(pair):
    _, ours = pair
    assert compare(ours, ours, CORPUS).num_equal == len(CORPUS)
    other, _ = open_tokenizer("bytes")
    agreement = compare(ours, other, ["cat"])
    assert (agreement.num_equal, agreement.first_difference) == (0, "cat")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda model: replace(model, escape_whitespaces=False), "spaces"),
        (lambda model: replace(model, pieces=(*model.pieces, model.pieces[9])), "two pieces"),
        (lambda model: replace(model, pieces=(*model.pieces, Piece("q", 0.0, PieceType.UNUSED))), "unused"),
    ],
)
def test_a_rule_that_the_other_form_cannot_say_is_refused(model_file, change, told):
    with pytest.raises(TokenizerError, match=told):
        convert_sentencepiece(change(parse_sentencepiece_model(model_file.read_bytes())))


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "tokenizer.model").write_bytes(b"version https://git-lfs")
    with pytest.raises(TokenizerError, match="SentencePiece"):
        import_sentencepiece(tmp_path / "tokenizer.model", tmp_path / "out")
