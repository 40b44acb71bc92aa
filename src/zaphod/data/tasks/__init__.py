"""Problems with a judge: generated without end, split into seen, unseen combinations and unseen wordings."""

from zaphod.data.tasks.arithmetic import Arithmetic
from zaphod.data.tasks.out_of_scope import HONEST_ANSWER, OutOfScope
from zaphod.data.tasks.robot_plan import RobotPlan
from zaphod.data.tasks.task import SPLITS, Example, Score, Split, Task
from zaphod.data.tasks.tool_call import ToolCall

__all__ = [
    "HONEST_ANSWER",
    "SPLITS",
    "Arithmetic",
    "Example",
    "OutOfScope",
    "RobotPlan",
    "Score",
    "Split",
    "Task",
    "ToolCall",
]
