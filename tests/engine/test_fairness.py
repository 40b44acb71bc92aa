"""The queue that was served least is next; being away earns nothing, and a debt is kept."""

from zaphod.engine.fairness import FairQueues
from zaphod.engine.sequence import TokenSequence


def enter(queues, *names):
    sequences = [TokenSequence(f"{name}{n}", (1, 2, 3), queue=name) for n, name in enumerate(names)]
    for sequence in sequences:
        queues.enter(sequence)
    return sequences


def serve(queues, num_tokens):
    """Run the next sequence; its name."""
    sequence = queues.admit_first(queues.next())
    queues.charge(sequence, num_tokens)
    queues.leave(sequence, was_running=True)
    return sequence.request_id


def test_a_queue_with_many_requests_alternates_with_one_that_has_few():
    queues = FairQueues()
    enter(queues, "a", "a", "a", "a", "b", "b")
    assert [serve(queues, 10) for _ in range(6)] == ["a0", "b4", "a1", "b5", "a2", "a3"]


def test_shares_are_of_tokens_and_not_of_requests():
    queues = FairQueues()
    enter(queues, "long", "long", *["short"] * 4)
    assert [serve(queues, 30 if n in (0, 4) else 10) for n in range(6)] == [
        "long0",
        "short2",
        "short3",
        "short4",
        "long1",
        "short5",
    ]


def test_a_newcomer_begins_at_the_least_served():
    queues = FairQueues()
    enter(queues, "a", "b", "a", "b", "a", "a")
    for num_tokens in (100, 70):
        serve(queues, num_tokens)
    (newcomer,) = enter(queues, "c")
    assert queues.of(newcomer).num_served == 70


def test_a_debt_is_kept_while_others_stay():
    queues = FairQueues()
    enter(queues, "greedy", "b", "b")
    serve(queues, 1000)
    (again,) = enter(queues, "greedy")
    assert queues.of(again).num_served == 1000
    assert serve(queues, 10) == "b1"


def test_tokens_computed_again_are_not_paid_for_again():
    queues = FairQueues()
    (sequence,) = enter(queues, "a")
    for num_cached in (3, 0, 2, 5):
        queues.charge(sequence, num_cached)
    assert queues.of(sequence).num_served == 5


def test_who_gave_way_is_the_first_of_its_queue():
    queues = FairQueues()
    one, two, three = enter(queues, "a", "a", "a")
    for _ in range(2):
        queues.admit_first(queues.next())
    queues.set_back(two)
    queues.set_back(one)
    assert list(queues.next().waiting) == [one, two, three]
    assert queues.num_waiting == 3


def test_of_equals_a_queue_of_which_nothing_runs_is_next():
    queues = FairQueues()
    enter(queues, "a", "a", "b")
    queues.admit_first(queues.next())
    assert queues.next().name == "b"


def test_a_request_that_waits_can_leave():
    queues = FairQueues()
    one, two = enter(queues, "a", "a")
    queues.leave(one, was_running=False)
    assert (list(queues.next().waiting), queues.num_waiting) == ([two], 1)


def test_queues_that_owe_nothing_are_forgotten():
    queues = FairQueues()
    enter(queues, *(f"queue {n}" for n in range(100)))
    while queues.next() is not None:
        serve(queues, 5)
    assert len(queues) == 0
