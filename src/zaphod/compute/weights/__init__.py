from zaphod.compute.weights.checkpoint import Checkpoint, TensorInfo
from zaphod.compute.weights.open import open_checkpoint
from zaphod.compute.weights.plan import CheckpointWriter, PlannedTensor

__all__ = ["Checkpoint", "CheckpointWriter", "PlannedTensor", "TensorInfo", "open_checkpoint"]
