import torch

from zaphod.training.balance import BalanceConfig
from zaphod.training.balance_alarm import BalanceAlarm

EVEN = torch.full((2, 4), 5)


def test_balanced_experts_raise_no_alarm() -> None:
    alarm = BalanceAlarm(BalanceConfig(alarm_steps=2))
    assert [alarm.message(EVEN) for _ in range(6)] == [None] * 6


def test_an_alarm_looks_back_on_many_steps_and_speaks_once_for_them() -> None:
    alarm = BalanceAlarm(BalanceConfig(alarm_steps=3, alarm_violation=1.5))
    overrun = torch.tensor([[5, 5, 5, 5], [17, 1, 1, 1]])
    told = [alarm.message(overrun) for _ in range(6)]
    assert told == [None, None, told[2], None, None, told[2]]
    assert told[2] == "sparse layer 1 sends 3.4 times the mean to one expert"


def test_one_odd_step_is_no_alarm() -> None:
    alarm = BalanceAlarm(BalanceConfig(alarm_steps=4, alarm_violation=1.5))
    odd = torch.tensor([[20, 0, 0, 0], [5, 5, 5, 5]])
    assert [alarm.message(counts) for counts in (EVEN, odd, EVEN, EVEN)] == [None] * 4


def test_an_alarm_goes_on_where_another_stopped() -> None:
    first, second = (BalanceAlarm(BalanceConfig(alarm_steps=3)) for _ in range(2))
    starved = torch.tensor([[10, 10, 0, 0]])
    first.message(starved)
    second.load_state(first.state())
    assert [second.message(starved) for _ in range(2)] == [None, "2 experts starve (sparse layers 0)"]


def test_a_dense_model_raises_no_alarm() -> None:
    assert BalanceAlarm(BalanceConfig()).message(torch.zeros(0, 0)) is None
