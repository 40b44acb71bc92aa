"""The image that compiles the proofs: its recipe read line by line."""

import re

from tests.support.manifests import DEPLOY, ROOT

RECIPE = (DEPLOY / "docker" / "lean.Dockerfile").read_text()
LINES = [line for line in RECIPE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
STEPS = [(line.split()[0], line.split(maxsplit=1)[1]) for line in LINES]


def copied() -> list[str]:
    words = [text.split() for name, text in STEPS if name == "COPY" and "--from" not in text]
    return [word for line in words for word in line[:-1] if not word.startswith("--")]


def test_every_step_is_one_that_docker_knows() -> None:
    assert {name for name, _ in STEPS} <= {
        "FROM",
        "RUN",
        "COPY",
        "ARG",
        "ENV",
        "LABEL",
        "WORKDIR",
        "USER",
        "ENTRYPOINT",
        "CMD",
    }


def test_what_is_fetched_is_checked_before_it_is_opened() -> None:
    (fetch,) = (text for name, text in STEPS if name == "RUN" and "curl --fail" in text)
    assert fetch.index("--proto '=https'") < fetch.index("sha256sum --check --strict") < fetch.index("tar --zstd")
    (digest,) = (text.partition("=")[2] for name, text in STEPS if name == "ARG" and text.startswith("LEAN_SHA256"))
    assert re.fullmatch(r"[0-9a-f]{64}", digest)


def test_all_that_is_copied_is_there_and_let_through() -> None:
    let_through = (DEPLOY / "docker" / "lean.Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in let_through
    for path in copied():
        assert (ROOT / path).is_file(), path
        assert not (ROOT / path).is_symlink(), "the file that a link names would not be there"
        assert f"!{path}" in let_through, path


def test_every_file_that_lake_builds_is_copied() -> None:
    for name in re.findall(r'^name = "(\w+)"$', (ROOT / "proofs" / "lakefile.toml").read_text(), re.MULTILINE):
        assert any(path.endswith(f"/{name}.lean") for path in copied()), name


def test_a_proof_with_a_gap_makes_no_image() -> None:
    (build,) = (text for name, text in STEPS if name == "RUN" and "lake build" in text)
    assert "! grep" in build
    assert "sorryAx" in build


def test_it_runs_without_root_and_compiles_what_it_is_given() -> None:
    after = STEPS[STEPS.index(("USER", "10001:10001")) :]
    assert [name for name, _ in after] == ["USER", "ENTRYPOINT", "CMD"]
    assert ("ENTRYPOINT", '["lean"]') in after
