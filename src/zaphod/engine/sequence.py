"""The tokens of one request and where their keys and values are; knows no options, no text and no other request."""

from __future__ import annotations

from array import array
from collections.abc import Iterable


class TokenSequence:
    """Prompt and answer on one axis, with the blocks of the cache that hold them.

    Args:
        request_id: whose tokens they are.
        prompt: the tokens to begin with.
        tenant: who may share these tokens' blocks.
        queue: whose share of the engine they use.
        adapter_id: the runner's number of the adapter, -1 for none.
        embeds: whether the hidden states of all tokens are wanted, and no answer.
        scored_from: the first position whose own token's probability is wanted; None for no such position.
    """

    __slots__ = (
        "adapter_id",
        "arrival",
        "block_hashes",
        "blocks",
        "embeds",
        "num_cached",
        "num_charged",
        "num_found",
        "num_preemptions",
        "num_prompt_tokens",
        "num_published",
        "queue",
        "request_id",
        "scored_from",
        "tenant",
        "token_ids",
    )

    def __init__(
        self,
        request_id: str,
        prompt: Iterable[int],
        *,
        tenant: str = "",
        queue: str = "",
        adapter_id: int = -1,
        embeds: bool = False,
        scored_from: int | None = None,
    ) -> None:
        self.request_id = request_id
        self.tenant = tenant
        self.queue = queue
        self.adapter_id = adapter_id
        self.embeds = embeds
        self.scored_from = scored_from
        self.arrival = 0
        """Its number among all that came."""
        self.token_ids = array("i", prompt)
        """Prompt and answer so far; what was produced stays, also when the sequence is preempted."""
        self.num_prompt_tokens = len(self.token_ids)
        self.num_cached = 0
        """Tokens, from the first on, whose keys and values are in the cache."""
        self.blocks = array("i")
        """Its blocks, in order; none while it waits."""
        self.block_hashes: list[bytes] = []
        """Of its full blocks, as far as they were needed."""
        self.num_published = 0
        """Blocks, from the first on, that others may find."""
        self.num_charged = 0
        """Tokens its queue has paid for: none is paid for twice."""
        self.num_found = 0
        """Tokens that others had left in the cache when it was first admitted."""
        self.num_preemptions = 0

    @property
    def num_needed(self) -> int:
        """Slots without which it is not admitted: for all its tokens, and one of the answer where there is one."""
        return len(self.token_ids) + (not self.embeds)

    @property
    def first_row(self) -> int:
        """The first position whose logits are wanted: the last token's, or that before the first scored token."""
        last = len(self.token_ids) - 1
        return last if self.scored_from is None else min(last, self.scored_from - 1)

    @property
    def num_unseen(self) -> int:
        """Tokens that the network is still to see; one while the answer is produced."""
        return len(self.token_ids) - self.num_cached
