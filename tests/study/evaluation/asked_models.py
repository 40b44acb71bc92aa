"""Models for tests of what is asked and judged: they answer by rule, and count."""

from zaphod.core.tokenizers import ByteTokenizer
from zaphod.engine import Engine, EngineConfig
from zaphod.engine.grammar import GrammarCompiler
from zaphod.engine.torch_runner import TorchRunner
from zaphod.launch.models import LoadedModel
from zaphod.study.evaluation.models.asked import Likelihood, Written
from zaphod.testing import tiny_model


class Rule:
    """Continuations are as likely as `score` says; texts are what `answer` says."""

    def __init__(self, score=lambda context, text: -float(len(text)), answer=lambda prompt: "42"):
        self.score, self.answer = score, answer
        self.pairs, self.prompts = [], []
        self.facts = {"model": "rule"}

    def likelihoods(self, pairs):
        self.pairs += pairs
        return [Likelihood(self.score(context, text), False, 1) for context, text in pairs]

    def write(self, prompts):
        self.prompts += prompts
        return [Written(self.answer(prompt.text)) for prompt in prompts]


def tiny_loaded(context_tokens=96, **changes):
    """Random weights over bytes, in an engine."""
    tokenizer, network = ByteTokenizer(), tiny_model(seed=3, context_length=context_tokens)
    runner = TorchRunner(network, max_len=context_tokens, block_size=8, num_blocks=400)
    grammars = GrammarCompiler(tokenizer, tokenizer.vocab_size)
    engine = Engine(
        runner,
        EngineConfig(),
        eos_token_ids=tokenizer.eos_token_ids,
        text_stream=lambda prompt: tokenizer.stream(skip_special=True, after=prompt),
    )
    return LoadedModel(
        config=network.config,
        tokenizer=tokenizer,
        engine=engine,
        grammars=grammars,
        runner="PyTorch",
        speed=None,
        reads_disk=False,
        num_threads=1,
        context_tokens=context_tokens,
        cache_tokens=3200,
        load_s=0.0,
    )
