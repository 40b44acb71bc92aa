"""Installs a copy of this checkout with pip, each time with something missing that the compiled part needs.

No build isolation: the build tools are those of the environment that runs the tests, and no network is asked.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "CMakeLists.txt", "README.md", "LICENSE", ".gitignore", "src", "build_backend")
NO_COMPILER = {"CC": "/nonexistent", "CXX": "/nonexistent"}
LOST = "WITHOUT its native CPU kernels"
WHY = "from zaphod.compute.kernels import dispatch; print(dispatch.why_not())"

pytestmark = pytest.mark.skipif(not (CHECKOUT / "pyproject.toml").is_file(), reason="not run from a checkout")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy without what was compiled before, so that nothing old is installed."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in SOURCES:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("_cpu*", "__pycache__"))
        else:
            shutil.copy(CHECKOUT / name, copy)
    return copy


def run(*command: str | Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def pip(*arguments: str | Path, **environment: str) -> str:
    return run(sys.executable, "-m", "pip", *arguments, "-v", "--no-deps", "--no-build-isolation", **environment)


def install(checkout: Path, **environment: str) -> tuple[str, Path]:
    """What pip says, and the folder it installed to."""
    folder = checkout.parent / "site"
    return pip("install", "--target", folder, checkout, **environment), folder


def why_not(folder: Path) -> str:
    return run(sys.executable, "-c", WHY, PYTHONPATH=str(folder)).strip()


def assert_pure_python_and_said_so(said: str, folder: Path) -> None:
    assert LOST in said
    assert not list(folder.rglob("_cpu*"))
    assert "not compiled when Zaphod was installed" in why_not(folder)
    assert "zaphod" in run(sys.executable, "-m", "zaphod", "--version", PYTHONPATH=str(folder))


def test_without_a_compiler_the_package_is_installed_and_says_what_is_lost(checkout: Path) -> None:
    assert_pure_python_and_said_so(*install(checkout, **NO_COMPILER))


@pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("ninja")), reason="CMake and Ninja are not the system's"
)
def test_with_no_compiler_on_the_path_the_package_is_installed_and_says_what_is_lost(checkout: Path) -> None:
    tools = checkout.parent / "tools"
    tools.mkdir()
    for tool in ("cmake", "ninja"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    assert_pure_python_and_said_so(*install(checkout, PATH=str(tools)))


def test_without_cmake_the_package_is_installed_and_says_what_is_lost(checkout: Path) -> None:
    assert_pure_python_and_said_so(*install(checkout, CMAKE_EXECUTABLE="/nonexistent"))


@pytest.mark.skipif(shutil.which("c++") is None, reason="no compiler that could fail")
def test_after_a_failed_compilation_the_package_is_installed_and_says_what_is_lost(checkout: Path) -> None:
    kernels = checkout / "src/zaphod/compute/kernels/cpu"
    (kernels / "CMakeLists.txt").write_text("add_library(broken MODULE broken.cpp)\n")
    (kernels / "broken.cpp").write_text("#error broken on purpose\n")
    said, folder = install(checkout)
    assert "broken on purpose" in said
    assert_pure_python_and_said_so(said, folder)


def test_who_wants_no_kernels_gets_none(checkout: Path) -> None:
    assert_pure_python_and_said_so(*install(checkout, ZAPHOD_PURE_PYTHON="1"))


def test_the_pure_package_holds_all_files_but_the_cpp_sources(checkout: Path) -> None:
    _, folder = install(checkout, **NO_COMPILER)
    source = checkout / "src"
    compiled = source / "zaphod/compute/kernels/cpu"
    wanted = {file.relative_to(source) for file in source.rglob("*") if file.is_file() and compiled not in file.parents}
    assert wanted <= {file.relative_to(folder) for file in folder.rglob("*")}
    assert not (folder / compiled.relative_to(source)).exists()


def test_without_a_compiler_an_editable_install_works_and_names_what_builds_the_kernels(checkout: Path) -> None:
    environment = checkout.parent / "environment"
    venv.create(environment)
    python = environment / "bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # The libraries of this environment, without following the path of its own editable Zaphod.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    run(
        python, "-m", "pip", "install", "-v", "--no-deps", "--no-build-isolation", "--editable", checkout, **NO_COMPILER
    )
    assert "make native" in run(python, "-c", WHY)
    assert run(python, "-c", "import zaphod; print(zaphod.__file__)").startswith(str(checkout))
