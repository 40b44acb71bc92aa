"""Groups of similar documents, of which one is kept."""

import pytest

from zaphod.core.errors import ConfigError
from zaphod.data.dedup.clusters import Clusters
from zaphod.data.dedup.stages import ExactDuplicates, NearDuplicates
from zaphod.data.documents import Document


def corpus(*rows: tuple[str, float | None]) -> list[Document]:
    return [Document(id=str(i), text=text, timestamp_s=time_s) for i, (text, time_s) in enumerate(rows)]


_ROWS = corpus(("b", 5), ("a", 3), ("A", 1), ("c", None), ("a ", 2), ("b", None), ("", 1), ("", 2))


@pytest.mark.parametrize(("prefer", "ids"), [("oldest", "0236"), ("first", "0136"), ("longest", "0346")])
def test_the_preferred_one_of_each_group_is_kept(tmp_path, prefer, ids):
    clusters = Clusters(tmp_path, ExactDuplicates(), prefer=prefer)
    clusters.add(_ROWS)
    assert "".join(d.id for d in clusters.select(_ROWS)) == ids


def test_likeness_is_handed_on(tmp_path):
    texts = [
        " ".join(chr(97 + i) + chr(98 + i % 7) for i in range(start, start + 200)) for start in (0, 8, 16, 24, 500)
    ]
    clusters = Clusters(tmp_path, NearDuplicates(num_bands=40, hashes_per_band=4))
    clusters.add(corpus(*((text, None) for text in texts)))
    assert clusters.groups().tolist() == [0, 0, 0, 0, 4]


def test_documents_without_words_are_no_group(tmp_path):
    clusters = Clusters(tmp_path, NearDuplicates())
    clusters.add(corpus(("", None), ("...", None)))
    assert clusters.kept().tolist() == [True, True]


def test_nothing_is_kept_of_nothing(tmp_path):
    assert Clusters(tmp_path, NearDuplicates()).kept().tolist() == []


def test_adding_goes_on_where_it_was_interrupted(tmp_path):
    Clusters(tmp_path, ExactDuplicates()).add(_ROWS[:3])
    file = tmp_path / "keys.bin"
    file.write_bytes(file.read_bytes()[:-5])
    clusters = Clusters(tmp_path, ExactDuplicates())
    assert clusters.num_documents == 2
    assert clusters.add(_ROWS) == 6
    assert [d.id for d in clusters.select(_ROWS)] == ["0", "2", "3", "6"]


def test_keys_made_with_other_settings_are_refused(tmp_path):
    Clusters(tmp_path, NearDuplicates())
    with pytest.raises(ConfigError, match="num_bands"):
        Clusters(tmp_path, NearDuplicates(num_bands=20))
