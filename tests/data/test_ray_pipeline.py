"""Run by `make test-ray`, in an environment that has Ray."""

import json

import pytest

from zaphod.data.build_config import BuildConfig, Component
from zaphod.data.documents import Counters, DocumentStage, Dropped
from zaphod.data.pipeline import Build

ray = pytest.importorskip("ray", reason="Ray is in .venv-ray: make test-ray")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Short(DocumentStage):
    name = "short"

    def __init__(self, *, max_letters):
        super().__init__()
        self._max_letters = max_letters

    def settings(self):
        return {"max_letters": self._max_letters}

    def judge(self, document):
        return document if len(document.text) <= self._max_letters else Dropped("too long")


class FirstOfLength:
    """Keeps the first text of each length: it must see all documents in order."""

    name = "first of its length"

    def __init__(self):
        self.counters, self._seen, self._new = Counters(), set(), []

    def settings(self):
        return {}

    def __call__(self, documents):
        for document in documents:
            self.counters.see(document)
            if len(document.text) in self._seen:
                self.counters.drop("seen before")
                continue
            self._seen.add(len(document.text))
            self._new.append(len(document.text))
            self.counters.keep(document)
            yield document.passed(self.name)

    def take_memory(self):
        memory, self._new = bytes(self._new), []
        return memory

    def recall(self, memory):
        self._seen |= set(memory)


def files(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def executor():
    from zaphod.data.ray_pipeline import RayExecutor

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield RayExecutor(num_workers=2, slices_per_worker=2)
    ray.shutdown()


@pytest.mark.timeout(300)
def test_ray_gives_the_bytes_of_a_single_process(tmp_path, executor):
    lines = "\n".join(json.dumps({"id": str(n), "text": "x" * (n * 7 % 23)}) for n in range(60))
    (tmp_path / "in.jsonl").write_text(lines)
    source = Component(kind="json-lines", settings={"name": "a", "path": str(tmp_path / "in.jsonl"), "licence": "MIT"})
    config = BuildConfig(sources=(source,), tokenizer="bytes", slice_documents=5)
    reports = {}
    for name, options in (("alone", ()), ("ray", (executor,))):
        stages = [Short(max_letters=20), FirstOfLength(), Short(max_letters=15)]
        reports[name] = Build(config, tmp_path / name, stages=stages).run(*options)
    assert files(tmp_path / "ray") == files(tmp_path / "alone")
    assert [stage.num_kept for stage in reports["ray"].manifest.stages] == [60, 54, 21, 16, 16]
