"""Gives sequences their blocks: those that already hold their beginning, and empty ones; knows no budget."""

from __future__ import annotations

from itertools import islice

from zaphod.engine.blocks import BlockPool
from zaphod.engine.prefix import PrefixCache, block_hash, root_hash
from zaphod.engine.sequence import TokenSequence


class Allocator:
    """Block tables of running sequences over one pool.

    Args:
        num_blocks: blocks of the cache.
        block_size: tokens a block holds.
        shares_prefixes: whether sequences may use blocks that others of their tenant have filled.
    """

    def __init__(self, num_blocks: int, block_size: int, *, shares_prefixes: bool = True) -> None:
        self.pool = BlockPool(num_blocks)
        self.prefixes = PrefixCache()
        self._block_size = block_size
        self._shares_prefixes = shares_prefixes
        self.num_queried_tokens = 0
        """Tokens of the prompts that were admitted and looked for in the cache."""
        self.num_hit_tokens = 0
        """Those of them that were found in the cache."""

    def num_blocks_for(self, num_tokens: int) -> int:
        """Blocks that hold this many tokens."""
        return -(-num_tokens // self._block_size)

    def admit(self, sequence: TokenSequence) -> bool:
        """Give a sequence blocks for all that it needs, the first from the prefix cache; False: too few."""
        num_tokens = len(sequence.token_ids)
        # What is wanted logits of is always computed, whatever is cached.
        found = self._find(sequence, sequence.first_row // self._block_size)
        num_missing = self.num_blocks_for(sequence.num_needed) - len(found)
        if num_missing + sum(self.pool.num_users(block) == 0 for block in found) > self.pool.num_unused:
            return False
        for block in found:
            self.pool.share(block)
        sequence.blocks.extend(found)
        sequence.num_published = len(found)
        sequence.num_cached = len(found) * self._block_size
        sequence.blocks.extend(self._take() for _ in range(num_missing))
        if not (sequence.num_preemptions or sequence.embeds):
            self.num_queried_tokens += num_tokens
            self.num_hit_tokens += sequence.num_cached
            sequence.num_found = sequence.num_cached
        return True

    def grow(self, sequence: TokenSequence, num_tokens: int) -> bool:
        """See to it that a sequence's blocks hold `num_tokens`; False where too few are left."""
        num_missing = self.num_blocks_for(num_tokens) - len(sequence.blocks)
        if num_missing > self.pool.num_unused:
            return False
        for _ in range(num_missing):
            sequence.blocks.append(self._take())
        return True

    def publish(self, sequence: TokenSequence) -> None:
        """Let others find the blocks that have become full."""
        num_full = sequence.num_cached // self._block_size
        if not self._shares(sequence) or num_full <= sequence.num_published:
            return
        self._extend_hashes(sequence, num_full)
        for number in range(sequence.num_published, num_full):
            self.prefixes.publish(sequence.block_hashes[number], sequence.blocks[number])
        sequence.num_published = num_full

    def release(self, sequence: TokenSequence) -> None:
        """Take all blocks back. The last ones are offered first: a beginning is of more use than what follows it."""
        for block in reversed(sequence.blocks):
            self.pool.release(block, is_worth_keeping=block in self.prefixes)
        del sequence.blocks[:]
        sequence.num_cached = sequence.num_published = 0

    def _find(self, sequence: TokenSequence, most_blocks: int) -> list[int]:
        if not self._shares(sequence):
            return []
        self._extend_hashes(sequence, most_blocks)
        return self.prefixes.longest(islice(sequence.block_hashes, most_blocks))

    def _shares(self, sequence: TokenSequence) -> bool:
        """Not one that embeds: hidden states are not kept, so all its tokens are computed.

        What it computed is not offered to others: texts that are embedded are rarely the beginning of a conversation,
        and would drive out those that are.
        """
        return self._shares_prefixes and not sequence.embeds

    def _extend_hashes(self, sequence: TokenSequence, num_blocks: int) -> None:
        hashes, size = sequence.block_hashes, self._block_size
        while len(hashes) < num_blocks:
            begin = len(hashes) * size
            previous = hashes[-1] if hashes else root_hash(sequence.tenant, sequence.adapter_id)
            hashes.append(block_hash(previous, sequence.token_ids[begin : begin + size].tobytes()))

    def _take(self) -> int:
        block = self.pool.take()
        self.prefixes.forget(block)
        return block
