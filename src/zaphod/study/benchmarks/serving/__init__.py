"""How a server answers under load: arrivals, prompts, a client that measures, and what the figures say."""

from zaphod.study.benchmarks.serving.arrivals import Arrivals
from zaphod.study.benchmarks.serving.client import Client, Target
from zaphod.study.benchmarks.serving.goodput import Goals
from zaphod.study.benchmarks.serving.load import Load, Run, measure
from zaphod.study.benchmarks.serving.reply import Reply

__all__ = ["Arrivals", "Client", "Goals", "Load", "Reply", "Run", "Target", "measure"]
