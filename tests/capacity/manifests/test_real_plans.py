"""What the planner really chooses, as files: nothing made by hand stands between."""

import subprocess

import pytest
import yaml
from tests.support.kubernetes_objects import check, needs_schemas

from zaphod.capacity.manifests import ManifestOptions, possible_manifests, training_scripts
from zaphod.capacity.planning import PlanRequest, plan
from zaphod.capacity.training_plan import TrainingRequest, plan_training
from zaphod.capacity.workload import Workload

REQUESTS = {
    "Grok-1 on H100": PlanRequest(model="grok-1", gpu="h100", workload=Workload(users=1000)),
    "Grok-1 on H200 as BF16": PlanRequest(model="grok-1", gpu="h200", precision="bf16", engine="vllm"),
    "Mixtral on MI300X": PlanRequest(model="mixtral-8x7b", gpu="mi300x", workload=Workload(users=500)),
}
ALL = ("kubernetes", "keda", "rayservice", "kserve", "slurm")


@needs_schemas
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_what_the_planner_chooses_can_be_deployed(request_: PlanRequest) -> None:
    chosen = plan(request_)
    files = possible_manifests(chosen, ManifestOptions(targets=ALL))
    assert {"scaledobject.yaml", "serve.sbatch"} <= files.keys()
    assert {"deployment.yaml", "leaderworkerset.yaml"} & files.keys()
    for name, text in files.items():
        if name.endswith(".yaml"):
            for document in yaml.safe_load_all(text):
                check(document)
    subprocess.run(["bash", "-n"], input=files["serve.sbatch"], text=True, check=True)


def test_a_planned_training_can_be_started() -> None:
    chosen = plan_training(TrainingRequest(model="grok-1", gpu="h100", tokens=1e12, num_devices=512))
    files = training_scripts(chosen)
    for text in files.values():
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    assert f"--tensor-model-parallel-size={chosen.layout.tensor}" in files["torchrun.sh"]
