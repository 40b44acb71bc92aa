"""The second edition of the built-in model: its tasks, their wordings and their judges."""

from zaphod.data.tasks.second.beyond import Beyond
from zaphod.data.tasks.second.calls import Calls
from zaphod.data.tasks.second.definitions import Definitions
from zaphod.data.tasks.second.household import Household
from zaphod.data.tasks.second.offered import BesideTools, ShownTools
from zaphod.data.tasks.second.results import Results
from zaphod.data.tasks.second.routes import RoutePairs, Routes
from zaphod.data.tasks.second.sums import Sums
from zaphod.data.tasks.task import Task

SECOND_TASKS: dict[Task, float] = {
    BesideTools(Household()): 0.26,
    Calls(): 0.31,
    BesideTools(Sums()): 0.17,
    Routes(): 0.08,
    BesideTools(Definitions()): 0.09,
    BesideTools(Beyond()): 0.07,
    Results(): 0.02,
}
"""The tasks and the share of training documents of each."""

__all__ = [
    "SECOND_TASKS",
    "BesideTools",
    "Beyond",
    "Calls",
    "Definitions",
    "Household",
    "Results",
    "RoutePairs",
    "Routes",
    "ShownTools",
    "Sums",
]
