"""Published layouts are read as they are; what is absent is not run, what is malformed is told."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.study.evaluation.layouts.layout_files import FILES, raw, write

from zaphod.core.errors import ConfigError, CorruptFileError, IntegrityError
from zaphod.study.evaluation.catalogue import BENCHMARKS, AskOptions
from zaphod.study.evaluation.layouts.files import MANIFEST, DataFolder, NotRun
from zaphod.study.evaluation.sandbox.sandbox import open_sandbox

PUBLISHED = Path(__file__).parents[5] / "shared" / "evaldata"
needs_published = pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"there are no published data in {PUBLISHED}")
OPTIONS = AskOptions(sandbox=open_sandbox)


def read(name, folder):
    return BENCHMARKS[name].read(DataFolder(folder), OPTIONS)


@pytest.mark.parametrize("name", FILES)
def test_one_problem_of_each_layout_is_read(name, tmp_path):
    write(tmp_path, name)
    (problem,) = read(name, tmp_path)
    assert problem.key


def test_a_choice_knows_its_options_and_which_is_right(tmp_path):
    for name, options, right in (
        ("mmlu", ("1", "2", "3", "4"), (2,)),
        ("agieval-sat-math", ("iron", "wood"), (0,)),
        ("medqa", ("A", "C"), (1,)),
        ("toxigen", ("No", "Yes"), (0,)),
        ("truthfulqa-mc1", ("Canberra", "Sydney"), (0,)),
    ):
        write(tmp_path, name)
        (problem,) = read(name, tmp_path)
        assert (problem.options, problem.right) == (options, right)


def test_a_text_knows_its_answer(tmp_path):
    for name, answer in (("gsm8k", "5"), ("math", "2"), ("agieval-math", "2")):
        write(tmp_path, name)
        assert read(name, tmp_path)[0].answer == answer


def test_several_true_answers_are_all_right(tmp_path):
    write(tmp_path, "truthfulqa-mc1")
    assert read("truthfulqa-mc2", tmp_path)[0].right == (0, 1)


@pytest.mark.parametrize("name", [*FILES, "truthfulqa-mc2"])
def test_absent_data_are_not_run_and_the_wanted_file_is_named(name, tmp_path):
    found = read(name, tmp_path)
    assert isinstance(found, NotRun)
    assert found.reason.startswith("data set absent (wanted ")
    assert str(tmp_path) in found.reason


def test_without_a_folder_published_benchmarks_are_not_run():
    assert isinstance(BENCHMARKS["gsm8k"].read(None, OPTIONS), NotRun)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        DataFolder(tmp_path / "none")


@pytest.mark.parametrize("name", FILES)
def test_what_is_cut_in_the_middle_is_malformed(name, tmp_path):
    path = write(tmp_path, name)
    path.write_bytes(path.read_bytes()[:-12] if path.suffix == ".gz" else raw(name)[:-9])
    with pytest.raises(CorruptFileError, match=path.name.split(".")[0]):
        read(name, tmp_path)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_odd_bytes_give_problems_or_a_clear_error(name, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("odd")
    path, content = write(folder, name), bytearray(raw(name))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        content = content or bytearray(b"x")
    path.write_bytes(gzip.compress(bytes(content)) if path.suffix == ".gz" else bytes(content))
    try:
        assert not isinstance(read(name, folder), NotRun)
    except CorruptFileError as error:
        if not (error.wanted and error.remedy):
            raise


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("agieval-sat-math", b'"label": "A"', b'"label": "Z"'),
        ("agieval-sat-math", b'"label": "A"', b'"label": []'),
        ("medqa", b'"answer_idx": "B"', b'"answer_idx": 7'),
        ("gsm8k", b"####", b"=>"),
        ("math", b"boxed", b"bold"),
        ("toxigen", b"1.0", b"nan"),
        ("toxigen", b"toxicity_ai", b"toxicity_x"),
        ("truthfulqa-mc1", b": 1", b": 0"),
        ("humaneval", b'"add"', b'"a d"'),
        ("mmlu", b",C", b",E"),
    ],
)
def test_a_wrong_field_is_told(name, old, new, tmp_path):
    path, content = write(tmp_path, name), raw(name).replace(old, new)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    with pytest.raises(CorruptFileError):
        read(name, tmp_path)


def test_digests_of_what_was_read_are_known_and_the_manifest_is_kept_to(tmp_path):
    write(tmp_path, "gsm8k")
    folder = DataFolder(tmp_path)
    BENCHMARKS["gsm8k"].read(folder, OPTIONS)
    ((name, digest),) = folder.digests.items()
    (tmp_path / MANIFEST).write_text(f"{digest}  {name}\n")
    assert len(read("gsm8k", tmp_path)) == 1
    (tmp_path / MANIFEST).write_text(f"{'0' * 64}  {name}\n")
    with pytest.raises(IntegrityError, match=digest):
        read("gsm8k", tmp_path)
    (tmp_path / MANIFEST).write_text(f"{digest}  other.jsonl\n")
    with pytest.raises(IntegrityError, match="does not name"):
        read("gsm8k", tmp_path)


def test_a_manifest_that_is_none_is_refused(tmp_path):
    (tmp_path / MANIFEST).write_text("nonsense\n")
    with pytest.raises(CorruptFileError, match="sha256sum"):
        DataFolder(tmp_path)


@needs_published
@pytest.mark.parametrize("name", ["gsm8k", "humaneval", "agieval-aqua-rat", "agieval-sat-math", "agieval-sat-en"])
def test_published_files_hold_as_many_problems_as_were_published(name):
    assert len(read(name, PUBLISHED)) == BENCHMARKS[name].num_published
