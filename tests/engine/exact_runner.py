"""A network of whole numbers: the next token depends on every token of the context, read back through the block table.

Its results are exact, so that tokens alone and in company are equal without any tolerance, and one wrong slot, block or
position anywhere in the context changes what follows.
"""

from zlib import crc32

import numpy as np


class ExactRunner:
    """Keeps tokens where others keep keys and values."""

    def __init__(self, *, num_blocks, block_size, max_len=1000, vocab_size=50):
        self.num_blocks, self.block_size, self.max_len, self.vocab_size = num_blocks, block_size, max_len, vocab_size
        self.slots = np.full((num_blocks * block_size, 3), -1, np.int32)
        self.passes = []
        self.states = np.zeros((0, 4), np.float32)
        self.chosen = np.zeros((0, 2, 2), np.int32)

    def forward(self, batch):
        self.passes.append(batch.query_lens_B.tolist())
        adapters_T = np.repeat(batch.adapter_ids_B, batch.query_lens_B)
        self.slots[batch.slot_mapping_T] = np.stack((batch.token_ids_T, batch.positions_T, adapters_T), axis=1)
        contexts = np.repeat(np.arange(len(batch.query_lens_B)), batch.query_lens_B)
        rows_R, rows_S = batch.logit_rows_R, () if batch.state_rows_S is None else batch.state_rows_S

        def of_row(row):
            return self._context(batch, contexts[row], batch.positions_T[row] + 1)

        self.states = np.array([self.state(of_row(row)) for row in rows_S], np.float32).reshape(-1, 4)
        self.chosen = np.array([self.choice(of_row(row)) for row in rows_R if batch.reports_experts], np.int32)
        logits_RV = np.zeros((len(batch.logit_rows_R), self.vocab_size), np.float32)
        for logits_V, row in zip(logits_RV, batch.logit_rows_R, strict=True):
            logits_V[self.after(of_row(row))] = 1.0
        return logits_RV

    def hidden_states(self):
        return self.states

    def experts(self):
        return self.chosen

    def adapter_id(self, name):
        return len(name)

    def after(self, context):
        """The token that follows a context: rows of token, position and adapter."""
        return crc32(np.ascontiguousarray(context, np.int32).tobytes()) % self.vocab_size

    def state(self, context):
        """The hidden state [4] of a context's last token, in whole numbers."""
        return [*crc32(b"state" + np.ascontiguousarray(context, np.int32).tobytes()).to_bytes(4, "little")]

    def choice(self, context):
        """Two experts in each of two layers, computing a context's last token."""
        number = crc32(b"choice" + np.ascontiguousarray(context, np.int32).tobytes())
        return [[number % 5, 5 + number % 7], [number % 11, 11 + number % 13]]

    def embedding(self, prompt, adapter_id=-1):
        """The mean state of a prompt's tokens, with no cache and no company."""
        context = [(token_id, position, adapter_id) for position, token_id in enumerate(prompt)]
        states = [self.state(context[: end + 1]) for end in range(len(context))]
        return tuple(np.mean(states, axis=0, dtype=np.float64).astype(np.float32).tolist())

    def choices(self, prompt, token_ids, adapter_id=-1):
        """The experts of each token that followed a prompt."""
        context = [(token_id, place, adapter_id) for place, token_id in enumerate((*prompt, *token_ids))]
        chosen = [self.choice(context[:end]) for end in range(len(prompt), len(context))]
        return tuple(tuple(map(tuple, layers)) for layers in chosen)

    def continuation(self, prompt, count, adapter_id=-1):
        """What follows a prompt, with no cache and no company."""
        context = [(token_id, position, adapter_id) for position, token_id in enumerate(prompt)]
        for _ in range(count):
            context.append((self.after(context), len(context), adapter_id))
        return tuple(token_id for token_id, _, _ in context[len(prompt) :])

    def _context(self, batch, number, length):
        blocks = batch.block_tables_BN[number][: -(-length // self.block_size)]
        return self.slots.reshape(self.num_blocks, self.block_size, 3)[blocks].reshape(-1, 3)[:length]
