"""A plan as files that deploy it: Kubernetes objects, Slurm jobs, torchrun; knows nothing of how it was made."""

from zaphod.capacity.manifests.manifests import manifests_of, possible_manifests
from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.training_scripts import training_scripts

__all__ = ["ManifestOptions", "manifests_of", "possible_manifests", "training_scripts"]
