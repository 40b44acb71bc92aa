import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, CorruptFileError, MissingExtraError
from zaphod.data.documents import Document
from zaphod.data.relevance.embedding import LatentSemantics, SentenceTransformer
from zaphod.data.relevance.stage import RelevanceStage
from zaphod.data.relevance.topic import Example, learn_topic, load_topic, save_topic
from zaphod.data.relevance.word_hashes import word_hashes

COOKING = ["bread", "oven", "flour", "butter", "knife", "soup", "salt", "onion", "pan", "bake", "stir", "boil"]
SAILING = ["sail", "mast", "wind", "harbour", "anchor", "deck", "rope", "tide", "hull", "keel", "crew", "storm"]
COMMON = ["the", "a", "of", "and", "in", "to", "it", "was"]


def text(words, rng, length=20):
    return " ".join(rng.choice(words if rng.random() < 0.5 else COMMON) for _ in range(length))


@pytest.fixture(scope="module")
def examples():
    rng = random.Random(0)
    return [Example(text=text(words, rng), is_relevant=words is SAILING) for words in (COOKING, SAILING) * 40]


@pytest.fixture(scope="module")
def topic(examples):
    embedder = LatentSemantics.learn([e.text for e in examples], num_dimensions=8, num_buckets=1 << 10)
    return learn_topic("wind and sail", examples, embedder)


@pytest.fixture(scope="module")
def file(topic, tmp_path_factory):
    file = tmp_path_factory.mktemp("topic") / "sailing.npz"
    save_topic(topic, file)
    return file


def test_a_text_of_the_topic_is_likely_and_another_is_not(topic):
    likely, unlikely = topic.probabilities(["a storm broke the mast in the harbour", "stir the onion soup in the pan"])
    assert likely > 0.9 > 0.1 > unlikely


def test_words_that_the_query_lacks_count_where_they_stand_beside_its_own(topic):
    assert topic.probabilities(["the keel and the hull"])[0] > 0.8


def test_quality_is_told_for_examples_that_were_not_seen(topic):
    assert (topic.quality.num_labels, topic.quality.num_relevant) == (80, 40)
    assert topic.quality.area > 0.99
    assert topic.quality.calibration_error < 0.15


def test_labels_without_meaning_give_an_area_of_a_half():
    rng = random.Random(1)
    noise = [Example(text=text(COOKING, rng), is_relevant=rng.random() < 0.5) for _ in range(300)]
    embedder = LatentSemantics.learn([e.text for e in noise], num_dimensions=8, num_buckets=1 << 10)
    assert 0.35 < learn_topic("bread", noise, embedder).quality.area < 0.65


def test_a_saved_topic_gives_the_same_probabilities(topic, file):
    texts = ["wind", "bread", "", "?"]
    assert np.array_equal(load_topic(file).probabilities(texts), topic.probabilities(texts))


def test_the_stage_keeps_what_is_likely_and_writes_down_how_likely(file):
    stage = RelevanceStage(model=str(file), min_probability=0.7)
    kept = list(stage([Document(id="1", text="sail and tide"), Document(id="2", text="oven and butter")]))
    assert [document.id for document in kept] == ["1"]
    assert float(kept[0].metadata["relevance"]) > 0.7
    assert stage.counters.dropped == {"another topic": 1}
    assert RelevanceStage(**stage.settings()).settings() == stage.settings()


def test_a_probability_above_one_is_refused(file):
    with pytest.raises(ConfigError, match="min_probability"):
        RelevanceStage(model=str(file), min_probability=1.1)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_topic_is_refused_or_read_as_it_was(file, tmp_path_factory, data):
    content = bytearray(file.read_bytes())
    del content[data.draw(st.integers(0, len(content) - 1)) :]
    damaged = tmp_path_factory.mktemp("topic") / "damaged.npz"
    damaged.write_bytes(content)
    with pytest.raises(CorruptFileError):
        load_topic(damaged)


def test_too_few_labels_or_texts_are_refused(examples, topic):
    with pytest.raises(ConfigError, match="of either kind"):
        learn_topic("x", examples[:12], topic.embedder)
    with pytest.raises(ConfigError, match="3 texts cannot give 8"):
        LatentSemantics.learn(["a", "b", "c"], num_dimensions=8)


def test_a_folder_without_a_sentence_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no sentence-transformers model"):
        SentenceTransformer(tmp_path)


def test_an_absent_library_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sentence_transformers", None)
    (tmp_path / "modules.json").write_text("[]")
    with pytest.raises(MissingExtraError, match="embeddings"):
        SentenceTransformer(tmp_path)


@given(words=st.lists(st.text("abcé9", min_size=1, max_size=6), max_size=12), gap=st.sampled_from([" ", ", ", "\n--"]))
def test_a_word_has_one_hash_wherever_it_stands(words, gap):
    alone = [int(word_hashes(word)[0]) for word in words]
    assert list(map(int, word_hashes("(" + gap.join(words).upper()))) == alone
