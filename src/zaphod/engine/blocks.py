"""Which blocks of the cache are in use, and by how many; knows neither what they hold nor who holds them."""

from __future__ import annotations

from collections import OrderedDict


class BlockPool:
    """Blocks 0 to `num_blocks` - 1, each with the number of its users. A block without users may be taken.

    Of those, blocks whose contents are worth nothing are taken first, then the one whose last user left earliest.
    """

    def __init__(self, num_blocks: int) -> None:
        self.num_blocks = num_blocks
        self._num_users = [0] * num_blocks
        self._unused: OrderedDict[int, None] = OrderedDict.fromkeys(range(num_blocks))

    @property
    def num_unused(self) -> int:
        """Blocks that may be taken."""
        return len(self._unused)

    def num_users(self, block: int) -> int:
        """How many hold the block."""
        return self._num_users[block]

    def take(self) -> int:
        """A block for one user, whatever it held. Raises `KeyError` where none is unused."""
        block, _ = self._unused.popitem(last=False)
        self._num_users[block] = 1
        return block

    def share(self, block: int) -> None:
        """One more user of a block whose contents are wanted."""
        self._unused.pop(block, None)
        self._num_users[block] += 1

    def release(self, block: int, *, is_worth_keeping: bool) -> None:
        """One user less."""
        assert self._num_users[block] > 0, f"block {block} has no user to leave it"
        self._num_users[block] -= 1
        if self._num_users[block] == 0:
            self._unused[block] = None
            if not is_worth_keeping:
                self._unused.move_to_end(block, last=False)
