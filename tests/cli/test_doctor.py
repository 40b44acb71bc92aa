import os
import subprocess
import sys
from importlib.metadata import version

from tests.cli.conftest import Zaphod


def test_the_machine_and_the_libraries_are_reported(zaphod: Zaphod) -> None:
    report = zaphod("doctor", "--quick", "--json").json
    assert 1 <= report["machine"]["num_cores"] <= len(os.sched_getaffinity(0))
    assert report["libraries"]["torch"] == version("torch")
    assert report["measured"] is None


def test_a_quick_look_does_not_import_torch() -> None:
    script = (
        "import sys; from zaphod.cli.main import main; main(['doctor', '--quick']); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_measurement_has_all_three_figures(zaphod: Zaphod) -> None:
    measured = zaphod("doctor", "--json", "-t", "1").json["measured"]
    assert measured["threads"] == 1
    assert set(measured["matmul_flops_per_s"]) == {"float32", "bfloat16"}
    assert min(*measured["matmul_flops_per_s"].values(), measured["read_bytes_per_s"]) > 0


def test_the_report_says_how_an_absent_extra_is_installed(zaphod: Zaphod, monkeypatch: object) -> None:
    from importlib import metadata

    def absent(name: str) -> str:
        if name == "libtorrent":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", absent)  # type: ignore[attr-defined]
    outcome = zaphod("doctor", "--quick")
    assert "libtorrent       not installed (pip install 'zaphod[torrent]')" in outcome.out


def test_threads_below_one_are_refused(zaphod: Zaphod) -> None:
    assert zaphod("doctor", "-t", "0").code == 2
