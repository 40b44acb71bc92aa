"""Models for tests of what is asked and judged: they answer by rule, and count."""

from zaphod.study.evaluation.models.asked import Likelihood, Written


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
