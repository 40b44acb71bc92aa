"""Each question is asked in a fresh process: what `dispatch` found stays found."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import zaphod
from zaphod.compute.kernels import dispatch

PACKAGE = Path(zaphod.__file__).parent
KERNELS = Path("zaphod/compute/kernels")
NOTE = "native_kernels_missing.txt"

needs_native = pytest.mark.skipif(dispatch.why_not() is not None, reason=f"native kernels: {dispatch.why_not()}")


@pytest.fixture
def uncompiled(tmp_path: Path) -> Path:
    """A folder with what `dispatch` needs of the package, without the extension."""
    shutil.copytree(PACKAGE / "core", tmp_path / "zaphod" / "core")
    (tmp_path / KERNELS).mkdir(parents=True)
    for file in ("__init__.py", "compute/__init__.py", "compute/kernels/__init__.py", "compute/kernels/dispatch.py"):
        shutil.copy(PACKAGE / file, tmp_path / "zaphod" / file)
    return tmp_path


def ask(expression: str, folder: Path = PACKAGE.parent, isa: str | None = None) -> str:
    """What `dispatch` answers in a process of its own, or the error it raises."""
    code = (
        "from zaphod.compute.kernels import dispatch\n"
        "from zaphod.core.errors import ConfigError\n"
        f"try: print(dispatch.{expression})\n"
        "except ConfigError as error: print('ConfigError:', error)"
    )
    environment = {name: value for name, value in os.environ.items() if name != dispatch.ISA_VARIABLE}
    environment |= {"PYTHONPATH": str(folder)} | ({dispatch.ISA_VARIABLE: isa} if isa is not None else {})
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_either_the_kernels_are_there_or_a_reason_is() -> None:
    assert dispatch.native_is_available() == (dispatch.why_not() is None)


def test_without_the_extension_the_reason_names_the_command_that_builds_it(uncompiled: Path) -> None:
    assert ask("native_is_available()", uncompiled) == "False"
    assert "make native" in ask("why_not()", uncompiled)


def test_the_reason_kept_at_installation_is_given(uncompiled: Path) -> None:
    (uncompiled / KERNELS / NOTE).write_text("The compiler was on holiday.\n")
    assert ask("why_not()", uncompiled) == "The compiler was on holiday."


def test_an_extension_that_cannot_be_loaded_is_a_reason(uncompiled: Path) -> None:
    (uncompiled / KERNELS / f"_cpu{sysconfig.get_config_var('EXT_SUFFIX')}").write_bytes(b"not a library")
    assert ask("why_not()", uncompiled).startswith("They cannot be loaded: ")


def test_asking_for_missing_kernels_is_an_error_with_the_reason(uncompiled: Path) -> None:
    answer = ask("instruction_set()", uncompiled)
    assert answer.startswith("ConfigError: The native CPU kernels are missing. They are not compiled yet")


@needs_native
def test_the_chosen_instruction_set_is_one_that_this_cpu_can_run() -> None:
    assert dispatch.instruction_set() in dispatch.instruction_sets()


@needs_native
@pytest.mark.parametrize("isa", dispatch.instruction_sets() if dispatch.native_is_available() else [])
def test_the_environment_variable_chooses_the_instruction_set(isa: str) -> None:
    assert ask("instruction_set()", isa=isa) == isa


@needs_native
def test_an_empty_environment_variable_chooses_nothing() -> None:
    assert ask("instruction_set()", isa="") == ask("instruction_set()")


@needs_native
def test_an_unknown_instruction_set_is_refused_with_those_there_are() -> None:
    answer = ask("native_is_available()", isa="abacus")
    assert answer.startswith("ConfigError: The environment variable ZAPHOD_ISA is 'abacus'.")
    assert all(isa in answer for isa in dispatch.instruction_sets())
