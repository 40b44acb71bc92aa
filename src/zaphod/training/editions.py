"""The built-in model, second edition: its shape, tasks, vocabulary and settings; trains nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from tokenizers import Tokenizer

from zaphod.data.tasks import Arithmetic, OutOfScope, RobotPlan, Task
from zaphod.data.tasks.second import SECOND_TASKS, RoutePairs, ShownTools
from zaphod.data.tasks.task import Split
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.training.batches import BatchStream, ChainedStream, Document
from zaphod.training.tokenizer import (
    ASSISTANT_ID,
    END_ID,
    PAD_ID,
    SPECIAL_TOKENS_2,
    STRUCTURE,
    USER_ID,
    encode_answer,
    encode_prompt,
    train_tokenizer,
)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """Everything that a built-in model is made from."""

    config: ModelConfig
    tasks: Mapping[Task, float]
    """Tasks of the training data, and the share of documents that each contributes."""
    judged: tuple[tuple[Task, tuple[Split, ...]], ...]
    """What the trained model is judged on."""
    special_tokens: tuple[str, ...]
    structure: tuple[str, ...]
    learning_rate: float
    tokens_per_part: int
    groups_per_part: int
    """How many lengths, and so about how many tasks, a part mixes."""
    num_echo_steps: int
    """How many steps are spent on `echoes` before anything else; 0: none."""

    def make_tokenizer(self, seed: int = 0, texts_per_task: int = 5000) -> Tokenizer:
        """The vocabulary, learnt from a sample of the training data; always the same for the same seed."""
        examples = [e for task in self.tasks for e in islice(task.examples("train", seed), texts_per_task)]
        texts = (text for e in examples for text in (e.prompt, e.answer, *(c.text for c in e.context)))
        return train_tokenizer(texts, self.config.vocab_size, self.special_tokens, self.structure)

    def documents(self, tokenizer: Tokenizer) -> Callable[[int, int], list[Document]]:
        """Training documents of the mixture as token ids, a function of a seed and how many are wanted."""

        def make(seed: int, count: int) -> list[Document]:
            rng = random.Random(seed)
            sources = {task: task.examples("train", seed) for task in self.tasks}
            chosen = rng.choices(list(self.tasks), list(self.tasks.values()), k=count)
            documents = (
                Document(encode_prompt(tokenizer, e.prompt, e.context), encode_answer(tokenizer, e.answer))
                for e in (next(sources[task]) for task in chosen)
            )
            return [d for d in documents if len(d.prompt_ids) + len(d.answer_ids) <= self.config.context_length]

        return make

    def echoes(self, seed: int, count: int) -> list[Document]:
        """Tokens drawn at random, to be said again: nothing but copying helps.

        A model that can copy learns to call tools that it never saw. One that begins with the tasks learns their
        commonest words by heart first, and needs many times as long to find out that it could copy.
        """
        rng = random.Random(seed)
        ids = range(len(self.special_tokens), self.config.vocab_size)
        drawn = (rng.choices(ids, k=rng.randrange(8, 48)) for _ in range(count))
        return [Document([USER_ID, *some, ASSISTANT_ID], [*some, END_ID]) for some in drawn]

    def stream(self, tokenizer: Tokenizer, num_parts: int, seed: int) -> BatchStream | ChainedStream:
        """What training reads: echoes in parts of half the size, then the tasks."""
        tasks = BatchStream(
            self.documents(tokenizer), self.tokens_per_part, num_parts, seed, groups_per_part=self.groups_per_part
        )
        if not self.num_echo_steps:
            return tasks
        opening = BatchStream(self.echoes, self.tokens_per_part // 2, num_parts, seed, self.groups_per_part)
        return ChainedStream(opening, self.num_echo_steps, tasks)


SECOND = Edition(
    config=ModelConfig(
        family="zaphod",
        vocab_size=4096,
        hidden_size=256,
        num_layers=6,
        num_heads=4,
        num_kv_heads=2,
        head_dim=64,
        context_length=512,
        moe=MoEConfig(
            router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=384, shared_expert_size=384
        ),
        activation="silu",
        qk_norm="per_head",
        final_softcap=30.0,
        tie_embeddings=True,
        pad_token_id=PAD_ID,
        eos_token_ids=(END_ID,),
    ),
    tasks=SECOND_TASKS,
    # The first edition's frozen wordings are judged too; its tools must now be shown.
    judged=(
        *((task, ("train", "combinations", "wordings_2")) for task in SECOND_TASKS),
        (RoutePairs(), ("wordings_2",)),
        *((task, ("combinations", "wordings")) for task in (Arithmetic(), RobotPlan(), ShownTools(), OutOfScope())),
    ),
    special_tokens=SPECIAL_TOKENS_2,
    structure=STRUCTURE,
    learning_rate=5e-3,
    tokens_per_part=4096,
    groups_per_part=12,
    num_echo_steps=256,
)
