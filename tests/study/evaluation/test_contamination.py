"""Problems are looked for in shards through their tokenizer, and in text files."""

import pytest

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import ByteTokenizer
from zaphod.data.shard_manifest import TokenizerEntry
from zaphod.data.shard_writer import PackedDocument, ShardWriter
from zaphod.study.evaluation.contamination import LENGTH, grams, open_corpus
from zaphod.study.evaluation.problems import TextProblem

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
LONG = TextProblem(key="long", question=WORDS, answer="1")
SHORT = TextProblem(key="short", question="too short to look for", answer="1")


def write_shards(folder, texts):
    tokenizer = ByteTokenizer()
    entry = TokenizerEntry(name="bytes", digest="abc", vocab_size=tokenizer.vocab_size, end_token_id=257)
    writer = ShardWriter(folder, entry, ("a",), 10_000)
    for text in texts:
        ids = tokenizer.encode(text)
        writer.add(
            PackedDocument(
                token_ids=ids,
                lineage=b"{}",
                source="a",
                licence="MIT",
                domain="",
                timestamp_s=None,
                num_bytes=len(text),
            )
        )
    writer.finish(seed=0, recipe={}, stages=[])


def test_shards_are_read_through_their_tokenizer(tmp_path):
    write_shards(tmp_path / "set", ["nothing here", f"Before: {WORDS.upper()}!"])
    corpus = open_corpus(tmp_path / "set", ByteTokenizer().decode)
    assert corpus.look_for([LONG, SHORT]) == {"long": 1.0}


def test_shards_without_their_tokenizer_are_refused(tmp_path):
    write_shards(tmp_path / "set", ["text"])
    with pytest.raises(ConfigError, match="holds tokens"):
        open_corpus(tmp_path / "set")


def test_thirteen_words_in_a_row_count_and_twelve_do_not(tmp_path):
    words = WORDS.split()
    (tmp_path / "a.txt").write_text(" ".join(words[:12]) + "\n")
    assert open_corpus(tmp_path).look_for([LONG]) == {"long": 0.0}
    (tmp_path / "b.md").write_text(", ".join(words[:13]))
    assert open_corpus(tmp_path).look_for([LONG]) == {"long": 0.5}
    assert len(grams(WORDS)) == len(words) - LENGTH + 1
