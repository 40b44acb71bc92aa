"""Groups of experts for domains: a prior on the choice, drawn from each document's domain; knows numbers, no text.

Left alone, experts specialise in syntax, not in subjects; what makes domains is routing by document (FlexOlmo,
arXiv 2507.07024). Here a document's domain adds a prior to the logits by which the experts of its group are chosen. It
forbids no other expert and weighs nothing. Where nobody names a domain, as in serving, it is absent: some stretches of
training go without it, and a small loss teaches the router to find a domain's experts by itself.

Legend: T tokens, D domains, E experts.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from zaphod.compute.kernels.reference import Routing
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DomainsConfig:
    """Which domains have experts of their own."""

    experts: Mapping[str, int] = field(default_factory=dict)
    """Domain to its number of experts, in the order of the experts; those left over belong to nobody."""
    prior: float = 2.0
    """Added to the logits of the domain's own experts, for choosing alone."""
    untold_share: float = 0.25
    """Of the stretches of one domain, those that get no prior in training."""
    teaching_weight: float = 0.1
    """Of the loss that makes the router itself give its probability to the domain's experts, in each layer."""

    def __post_init__(self) -> None:
        if any(count < 1 for count in self.experts.values()):
            raise ConfigError(
                f"domains.experts is {dict(self.experts)}.", "A group has at least one expert.", "Leave the domain out."
            )
        if min(self.prior, self.teaching_weight) < 0 or not 0 <= self.untold_share <= 1:
            raise ConfigError(
                f"domains has prior {self.prior}, teaching_weight {self.teaching_weight} and untold_share "
                f"{self.untold_share}.",
                "Prior and weight are 0 or more, the share lies in [0, 1].",
                "Use 2.0, 0.1 and 0.25.",
            )


class DomainPrior:
    """The prior of each domain over a layer's experts.

    Args:
        config: the groups.
        names: domains by number, as the documents' numbers have them.
        num_experts: of a layer.

    Raises:
        ConfigError: a domain with experts is not among the documents', or there are too few experts.
    """

    def __init__(self, config: DomainsConfig, names: Sequence[str], num_experts: int) -> None:
        self.config = config
        self.names = list(names)
        if sum(config.experts.values()) > num_experts:
            raise ConfigError(
                f"domains.experts is {dict(config.experts)}.",
                f"A layer has {num_experts} experts in all.",
                "Make the groups smaller.",
            )
        # The row after the last is that of documents whose domain is unknown (-1).
        self.prior_DE = torch.zeros(len(names) + 1, num_experts)
        first = 0
        for domain, count in config.experts.items():
            if domain not in self.names:
                raise ConfigError(
                    f"domains.experts names the domain {domain!r}.",
                    f"The documents' domains are {', '.join(self.names) or 'not given'}.",
                    "Name one of these.",
                )
            self.prior_DE[self.names.index(domain), first : first + count] = config.prior
            first += count

    def offset(self, domain_ids_T: Tensor, seed: str | None = None) -> Tensor:
        """What is added to the logits [T, E]; with a seed, some stretches get nothing, as in training."""
        offset_TE = self.prior_DE[domain_ids_T]
        if seed is None or not self.config.untold_share:
            return offset_TE
        changes_T = torch.ones_like(domain_ids_T, dtype=torch.bool)
        changes_T[1:] = domain_ids_T[1:] != domain_ids_T[:-1]
        stretches_T = changes_T.cumsum(0) - 1
        generator = torch.Generator().manual_seed(random.Random(seed).getrandbits(62))
        is_told = torch.rand(int(stretches_T[-1]) + 1, generator=generator) >= self.config.untold_share
        return offset_TE * is_told[stretches_T][:, None]

    def teaching_term(self, layers: Sequence[Routing], domain_ids_T: Tensor, num_tokens: int) -> Tensor:
        """What one part adds to the mean of -log(probability of the domain's group), weighted and summed over layers.

        Args:
            layers: of this part.
            domain_ids_T: of its tokens; those without a group count as 0.
            num_tokens: of the whole batch.
        """
        is_mine_TE = self.prior_DE[domain_ids_T] > 0
        has_group_T = is_mine_TE.any(-1)
        total = torch.zeros(())
        for routing in layers:
            logits_TE, is_mine = routing.logits_TE[has_group_T], is_mine_TE[has_group_T]
            own_T = logits_TE.masked_fill(~is_mine, -torch.inf).logsumexp(-1)
            total = total + (logits_TE.logsumexp(-1) - own_T).sum()
        return self.config.teaching_weight * total / max(1, num_tokens)


def joint_counts(expert_ids_TK: Tensor, domain_ids_T: Tensor, num_domains: int, num_experts: int) -> Tensor:
    """Assignments by domain and expert, [D, E]; tokens of unknown domain are left out."""
    known_T = domain_ids_T >= 0
    places_TK = domain_ids_T[known_T, None] * num_experts + expert_ids_TK[known_T]
    return places_TK.flatten().bincount(minlength=num_domains * num_experts).view(num_domains, num_experts)


def mutual_information(joint_DE: Tensor) -> float:
    """I(domain; expert) in nats: 0 if the experts know nothing of the domain."""
    joint = joint_DE.double() / joint_DE.sum().clamp(min=1)
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return float(torch.xlogy(joint, joint / independent.clamp(min=1e-300)).nansum())
