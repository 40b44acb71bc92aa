import json
from pathlib import Path

import pytest
from tests.support.fake_lean import fake_lean

from zaphod.cli.main import main
from zaphod.cli.verify import REFUSED

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CONTRACT = ["--contract", str(EXAMPLES / "fragile.toml")]


def test_the_example_of_the_docs_is_accepted_kept_and_checked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "certificate.json"
    plan = str(EXAMPLES / "plan.json")
    assert main(["verify", plan, *CONTRACT, "--certificate", str(kept)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("accepted")
    assert "assuming  mass 0.135 to 0.165 kg" in told
    assert main(["verify", plan, *CONTRACT, "--check", str(kept), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["checked"] > 100


def test_a_plan_that_slips_is_refused_with_numbers_and_a_force_that_would_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text((EXAMPLES / "plan.json").read_text().replace("3.0 N", "1.5 N"))
    kept = tmp_path / "certificate.json"
    assert main(["verify", str(plan), *CONTRACT, "--certificate", str(kept)]) == REFUSED
    told = capsys.readouterr().out
    assert "steps 2, 3, 4, 5  the load slips: mass 0.165 kg, friction 0.45, force 1.3 N" in told
    assert "keeps the grip" in told
    assert not kept.exists()
    assert main(["verify", str(plan), *CONTRACT, "--json"]) == REFUSED
    document = json.loads(capsys.readouterr().out)
    assert document["findings"][0]["requirement"] == "grip"
    assert document["plan"].startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"format": "zaphod-plan-1", "format": "zaphod-plan-1"}', "stands twice"),
        ('{"format": NaN}', "NaN is no number"),
        ("[]", "This is no plan"),
        ('{"format": "zaphod-plan-1", "steps": []}', '"steps"'),
        ('{"format": "zaphod-plan-1", "steps": [{"do": "fly"}]}', "Step 1 does 'fly'"),
        ('{"format": "zaphod-plan-1", "steps": [{"do": "grip", "forse": "1 N"}]}', "Did you mean 'force'?"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_plan_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    assert main(["verify", str(plan), *CONTRACT]) == 2
    assert told in capsys.readouterr().err


def test_a_certificate_that_was_changed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, plan = tmp_path / "certificate.json", str(EXAMPLES / "plan.json")
    main(["verify", plan, *CONTRACT, "--certificate", str(kept)])
    kept.write_text(kept.read_text().replace('"27/200"', '"26/200"', 1))
    assert main(["verify", plan, *CONTRACT, "--check", str(kept)]) == 1
    assert "certificate" in capsys.readouterr().err


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder where programs are looked for; empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_without_lean_the_proof_is_written_and_said_to_be_unread(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "plan.lean"
    assert main(["verify", str(EXAMPLES / "plan.json"), *CONTRACT, "--lean", str(written)]) == 0
    assert f"{written}: written, not compiled: there is no lean on the PATH" in capsys.readouterr().out
    assert "theorem plan_" in written.read_text(encoding="utf-8")


def test_lean_that_accepts_is_told_with_its_axioms(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_lean(path, "accepts")
    written = str(tmp_path / "plan.lean")
    assert main(["verify", str(EXAMPLES / "plan.json"), *CONTRACT, "--lean", written, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["lean"]
    assert told["accepted"] is True
    assert told["axioms"] == ["Classical.choice", "Quot.sound", "propext"]


@pytest.mark.parametrize("manner", ["refuses", "leaves a gap", "says nothing"])
def test_a_proof_that_lean_does_not_accept_is_a_refusal(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str], manner: str
) -> None:
    fake_lean(path, manner)
    written = str(tmp_path / "plan.lean")
    assert main(["verify", str(EXAMPLES / "plan.json"), *CONTRACT, "--lean", written, "--json"]) == REFUSED
    document = json.loads(capsys.readouterr().out)
    assert (document["accepted"], document["lean"]["accepted"]) == (True, False)


def test_a_kept_certificate_can_be_given_to_lean(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_lean(path, "accepts")
    plan, kept, written = str(EXAMPLES / "plan.json"), tmp_path / "certificate.json", tmp_path / "plan.lean"
    main(["verify", plan, *CONTRACT, "--certificate", str(kept)])
    assert main(["verify", plan, *CONTRACT, "--check", str(kept), "--lean", str(written)]) == 0
    assert "accepts every theorem" in capsys.readouterr().out
    fake_lean(path, "refuses")
    assert main(["verify", plan, *CONTRACT, "--check", str(kept), "--lean", str(written)]) == REFUSED


def test_of_a_refused_plan_nothing_is_written_for_lean(
    tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, written = tmp_path / "plan.json", tmp_path / "plan.lean"
    plan.write_text((EXAMPLES / "plan.json").read_text().replace("3.0 N", "1.5 N"))
    assert main(["verify", str(plan), *CONTRACT, "--lean", str(written)]) == REFUSED
    assert not written.exists()


def test_an_odd_number_is_told_and_changes_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = tmp_path / "contract.toml"
    contract.write_text((EXAMPLES / "fragile.toml").read_text().replace('margin = "10 mm"', 'margin = "10 um"'))
    assert main(["verify", str(EXAMPLES / "plan.json"), "--contract", str(contract)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "odd [clearance] margin is 1e-05 m; from 0.0005 to 0.5 is usual" in told
