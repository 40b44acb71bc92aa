"""A plan as files that deploy it: Kubernetes objects and Slurm jobs; knows nothing of how a plan is made."""

from zaphod.capacity.manifests.manifests import manifests_of
from zaphod.capacity.manifests.options import ManifestOptions

__all__ = ["ManifestOptions", "manifests_of"]
