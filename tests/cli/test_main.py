from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.cli.conftest import Zaphod

from zaphod import __version__
from zaphod.cli.main import VERBS
from zaphod.core.errors import CapacityError

Install = Callable[[BaseException], None]


@pytest.fixture
def verb_that_raises(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Replace the verb `doctor` by one that raises what the test says."""

    def install(error: BaseException) -> None:
        def command(as_json: bool = False) -> None:
            raise error

        monkeypatch.setitem(sys.modules, "zaphod.cli.doctor", SimpleNamespace(command=command))

    return install


def test_help_lists_every_verb_and_the_exit_codes(zaphod: Zaphod) -> None:
    outcome = zaphod("--help")
    assert outcome.code == 0
    assert all(f"\n  {verb} " in outcome.out for verb in VERBS)
    assert "130  stopped by Ctrl-C" in outcome.out


def test_no_arguments_show_the_help(zaphod: Zaphod) -> None:
    assert zaphod() == zaphod("--help")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_and_json(zaphod: Zaphod, verb: str) -> None:
    outcome = zaphod(verb, "--help")
    assert outcome.code == 0
    assert f"  zaphod {verb}" in outcome.out.split("Examples:")[1]
    assert "--json" in outcome.out


def test_help_and_version_import_neither_torch_nor_numpy() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; main(['--help']); main(['--version']);"
        "assert not {'torch', 'numpy', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_version_is_printed(zaphod: Zaphod) -> None:
    assert zaphod("--version").out == f"zaphod {__version__}\n"


def test_an_unknown_verb_suggests_the_nearest(zaphod: Zaphod) -> None:
    outcome = zaphod("docter", "--quick")
    assert outcome.code == 2
    assert outcome.err.startswith("zaphod: There is no command 'docter'.\n        The commands are ")
    assert outcome.err.endswith("\n        Did you mean `zaphod doctor`?\n")


def test_a_verb_like_no_other_points_to_the_help(zaphod: Zaphod) -> None:
    assert zaphod("xyzzy").err.endswith("See `zaphod --help`.\n")


def test_an_unknown_flag_suggests_the_nearest(zaphod: Zaphod) -> None:
    outcome = zaphod("config", "--jsn")
    assert outcome.code == 2
    assert outcome.err == (
        "zaphod: `zaphod config` has no flag --jsn.\n        Did you mean --json? See `zaphod config --help`.\n"
    )


def test_an_unknown_global_flag_suggests_the_nearest(zaphod: Zaphod) -> None:
    assert "Did you mean --log-level?" in zaphod("--loglevel", "info", "config").err


def test_our_errors_print_three_parts_and_their_exit_code(zaphod: Zaphod, verb_that_raises: Install) -> None:
    verb_that_raises(CapacityError("It needs 3 GB.", "There are 2 GB.", "Buy 1 GB."))
    outcome = zaphod("doctor")
    assert outcome.code == 6
    assert outcome.err == "zaphod: It needs 3 GB.\n        There are 2 GB.\n        Buy 1 GB.\n"
    assert outcome.out == ""


def test_with_json_an_error_is_an_object_on_standard_output(zaphod: Zaphod) -> None:
    outcome = zaphod("config", "--json", "--jsn")
    assert outcome.code == 2
    assert outcome.json["error"]["kind"] == "ConfigError"
    assert outcome.json["error"]["exit_code"] == 2
    assert outcome.err == ""


@pytest.mark.parametrize("where", [("--debug", "doctor"), ("doctor", "--debug")])
def test_a_traceback_comes_only_with_debug(zaphod: Zaphod, verb_that_raises: Install, where: tuple[str, str]) -> None:
    verb_that_raises(RuntimeError("forty-two"))
    assert "Traceback" not in zaphod("doctor").err
    assert "Traceback" in zaphod(*where).err


def test_an_unforeseen_error_asks_for_a_report(zaphod: Zaphod, verb_that_raises: Install) -> None:
    verb_that_raises(RuntimeError("forty-two"))
    outcome = zaphod("doctor")
    assert outcome.code == 1
    assert "RuntimeError: forty-two" in outcome.err
    assert "--debug" in outcome.err


def test_an_error_of_the_system_is_told_without_a_traceback(zaphod: Zaphod, verb_that_raises: Install) -> None:
    verb_that_raises(PermissionError(13, "Permission denied", "/x"))
    assert "The system refuses: [Errno 13] Permission denied: '/x'." in zaphod("doctor").err


def test_ctrl_c_is_one_line_and_130(zaphod: Zaphod, verb_that_raises: Install) -> None:
    verb_that_raises(KeyboardInterrupt())
    outcome = zaphod("doctor")
    assert (outcome.code, outcome.err) == (130, "zaphod: stopped.\n")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "zaphod", "config"], stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert done.stderr == b""


def test_the_log_level_of_a_flag_is_checked(zaphod: Zaphod) -> None:
    outcome = zaphod("--log-level", "loud", "config")
    assert outcome.code == 2
    assert "the flag --log-level" in outcome.err


def test_a_settings_file_that_is_missing_is_named(zaphod: Zaphod, tmp_path: Path) -> None:
    assert f"{tmp_path / 'absent.yaml'} cannot be read" in zaphod("--config", f"{tmp_path}/absent.yaml", "config").err


def test_the_module_runs_as_a_program(zaphod_process: Zaphod) -> None:
    assert zaphod_process("--version").out == f"zaphod {__version__}\n"
