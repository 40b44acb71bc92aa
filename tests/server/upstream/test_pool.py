import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from tests.support.fake_engine import FakeEngine

from zaphod.core.errors import ConfigError
from zaphod.server.errors import ApiError
from zaphod.server.upstream.addresses import UpstreamAddress
from zaphod.server.upstream.circuit import CircuitOptions
from zaphod.server.upstream.health import HealthOptions, Pulse
from zaphod.server.upstream.pool import ServerStatus, UpstreamOptions, UpstreamPool
from zaphod.server.upstream.prefixes import Prefix
from zaphod.server.upstream.view import UpstreamView

QUICK = HealthOptions(interval_s=0.03, timeout_s=0.3, unhealthy_after=2, models_interval_s=0.05)
OPTIONS = UpstreamOptions(health=QUICK, circuit=CircuitOptions(max_failures=3, first_pause_s=0.05))
PREFIX = Prefix(blocks=(1, 2, 3), anchor=1)


@asynccontextmanager
async def pool_of(*engines: FakeEngine, options: UpstreamOptions = OPTIONS, key: str | None = None):
    pool = UpstreamPool(options, [UpstreamAddress(url=engine.url, key=key) for engine in engines])
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def running(*engines: FakeEngine, options: UpstreamOptions = OPTIONS):
    async with AsyncExitStack() as stack:
        for engine in engines:
            await stack.enter_async_context(engine.serve())
        yield await stack.enter_async_context(pool_of(*engines, options=options))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def only(pool: UpstreamPool) -> ServerStatus:
    (status,) = pool.statuses()
    return status


def test_one_bad_answer_among_good_ones_changes_nothing() -> None:
    pulse = Pulse(HealthOptions(unhealthy_after=2, healthy_after=2))
    states = []
    for is_good in (True, False, True, False, False, True, True):
        pulse.good() if is_good else pulse.bad("it is slow")
        states.append(pulse.state)
    assert states == ["healthy", "healthy", "healthy", "healthy", "unhealthy", "unhealthy", "healthy"]


def test_a_server_that_never_answered_is_not_used() -> None:
    pulse = Pulse(HealthOptions(unhealthy_after=5))
    pulse.bad("refused")
    assert (pulse.state, pulse.reason) == ("unhealthy", "refused")


@pytest.mark.parametrize(
    ("statuses", "kind", "asked"),
    [
        ({"/ready": 200, "/health": 200, "/v1/models": 200}, "zaphod", {"/ready"}),
        ({"/health": 200, "/v1/models": 200}, "vllm", {"/health"}),
        ({"/v1/models": 200}, "other", set()),
        ({"/health": 200, "/v1/models": 200}, "sglang", set()),
    ],
    ids=["zaphod", "vllm", "models-only", "sglang"],
)
def test_what_to_ask_is_learnt_once_and_is_always_cheap(statuses: dict[str, int], kind: str, asked: set[str]) -> None:
    engine = FakeEngine(statuses=statuses, kind=kind)

    async def test() -> None:
        async with running(engine) as pool:
            assert only(pool).state == "healthy"
            engine.looked_at.clear()
            await until(lambda: len(engine.looked_at) > 6)
            assert set(engine.looked_at) == {*asked, "/v1/models"}
            assert engine.asked == []

    run(test)


def test_a_loading_server_is_used_as_soon_as_it_is_ready() -> None:
    engine = FakeEngine(statuses={"/ready": 503, "/v1/models": 200}, reasons={"/ready": "the model is loading"})

    async def test() -> None:
        async with running(engine) as pool:
            assert (only(pool).state, only(pool).reason) == ("unhealthy", "/ready: status 503, the model is loading")
            engine.reasons.clear()
            engine.statuses["/ready"] = 200
            await until(lambda: only(pool).state == "healthy")

    run(test)


def test_a_draining_server_gets_nothing_new_from_its_first_word_on() -> None:
    engine = FakeEngine(statuses={"/ready": 200, "/v1/models": 200})

    async def test() -> None:
        options = UpstreamOptions(health=HealthOptions(interval_s=0.03, unhealthy_after=1000))
        async with running(engine, options=options) as pool:
            engine.reasons["/ready"] = "the server is shutting down"
            engine.statuses["/ready"] = 503
            await until(lambda: only(pool).state == "draining")
            with pytest.raises(ApiError, match="can answer now"):
                pool.pick("m", PREFIX)

    run(test)


def test_a_server_that_comes_back_is_found_again() -> None:
    engine = FakeEngine()

    async def test() -> None:
        async with AsyncExitStack() as outer:
            async with AsyncExitStack() as inner:
                await inner.enter_async_context(engine.serve())
                pool = await outer.enter_async_context(pool_of(engine))
                assert only(pool).state == "healthy"
            await until(lambda: only(pool).state == "unhealthy")
            async with engine.serve():
                await until(lambda: only(pool).state == "healthy")

    run(test)


def test_a_server_that_is_another_program_after_a_restart_is_learnt_anew() -> None:
    engine = FakeEngine(statuses={"/ready": 200, "/v1/models": 200}, kind="zaphod")

    async def test() -> None:
        async with running(engine) as pool:
            engine.statuses, engine.kind = {"/health": 200, "/v1/models": 200}, "vllm"
            await until(lambda: "/health" in engine.looked_at and only(pool).kind == "vllm")
            await until(lambda: only(pool).state == "healthy")

    run(test)


def test_a_missing_key_is_named_as_the_reason() -> None:
    engine = FakeEngine(statuses={"/health": 200, "/v1/models": 401})

    async def test() -> None:
        async with running(engine) as pool:
            assert only(pool).state == "unhealthy"
            assert "key" in only(pool).reason

    run(test)


def test_models_are_listed_once_and_only_where_servers_are_up() -> None:
    one, two = FakeEngine(models=("m", "n")), FakeEngine(models=("n", "o"))
    gone = FakeEngine(models=("p",), statuses={"/health": 500, "/v1/models": 500})

    async def test() -> None:
        async with running(one, two, gone) as pool:
            assert [model["id"] for model in pool.models()] == ["m", "n", "o"]

    run(test)


def test_a_request_goes_to_a_server_that_has_its_model() -> None:
    one, two = FakeEngine(models=("m",)), FakeEngine(models=("n",))

    async def test() -> None:
        async with running(one, two) as pool:
            for model, engine in (("m", one), ("n", two)) * 3:
                lease = pool.pick(model, PREFIX)
                assert lease.server.address.url == engine.url
                lease.close()
            with pytest.raises(ApiError, match="Did you mean `m`") as refused:
                pool.pick("mm", PREFIX)
            assert (refused.value.status, refused.value.param) == (404, "model")

    run(test)


def test_a_server_that_lists_no_models_is_asked_for_any() -> None:
    async def test() -> None:
        async with running(FakeEngine(models=())) as pool:
            pool.pick("whatever", PREFIX).close()

    run(test)


def test_leases_are_counted_until_they_are_closed() -> None:
    async def test() -> None:
        async with running(FakeEngine()) as pool:
            first, second = pool.pick("m", PREFIX), pool.pick(None, PREFIX)
            assert (only(pool).in_flight, UpstreamView(pool).num_running) == (2, 2)
            first.succeeded()
            first.close()
            second.close()
            assert (only(pool).in_flight, only(pool).num_requests) == (0, 2)

    run(test)


def test_failed_connections_make_a_server_unhealthy_between_two_checks() -> None:
    async def test() -> None:
        async with running(FakeEngine(), options=UpstreamOptions(health=HealthOptions(interval_s=60))) as pool:
            for _ in range(2):
                pool.pick("m", PREFIX).unreachable("refused")
            assert (only(pool).state, only(pool).num_failures) == ("unhealthy", 2)

    run(test)


def test_failures_open_the_circuit_and_one_trial_closes_it() -> None:
    async def test() -> None:
        async with running(FakeEngine()) as pool:
            for _ in range(3):
                pool.pick("m", PREFIX).failed()
            assert only(pool).state == "open"
            with pytest.raises(ApiError) as refused:
                pool.pick("m", PREFIX)
            assert (refused.value.status, refused.value.code) == (503, "no_upstream")
            assert int(refused.value.headers["Retry-After"]) >= 1
            await until(lambda: only(pool).state == "half_open")
            trial = pool.pick("m", PREFIX)
            with pytest.raises(ApiError):
                pool.pick("m", PREFIX)
            trial.succeeded()
            assert only(pool).state == "healthy"

    run(test)


def test_a_busy_server_is_left_alone_while_another_one_is_there() -> None:
    async def test() -> None:
        async with running(FakeEngine(), FakeEngine()) as pool:
            lease = pool.pick("m", PREFIX)
            busy = lease.server.name
            lease.is_busy(60.0)
            for _ in range(4):
                assert pool.pick("m", PREFIX).server.name != busy
            other = pool.pick("m", PREFIX)
            other.is_busy(60.0)
            pool.pick("m", PREFIX).close()  # both are busy: one of them is asked all the same

    run(test)


def test_the_same_beginning_goes_to_the_same_server() -> None:
    async def test() -> None:
        async with running(FakeEngine(), FakeEngine(), FakeEngine()) as pool:
            names = set()
            for last in range(8):
                lease = pool.pick("m", Prefix(blocks=(5, 6, 7, 8, last), anchor=last))
                names.add(lease.server.name)
                lease.succeeded()
            assert len(names) == 1
            assert sum(status.num_followed for status in pool.statuses()) == 7

    run(test)


def test_a_server_that_was_away_is_no_longer_known_for_what_it_was_sent() -> None:
    engine = FakeEngine()

    async def test() -> None:
        async with running(engine) as pool:
            pool.pick("m", PREFIX).succeeded()
            engine.statuses["/health"] = 500
            await until(lambda: only(pool).state == "unhealthy")
            engine.statuses["/health"] = 200
            await until(lambda: only(pool).state == "healthy")
            pool.pick("m", PREFIX).succeeded()
            assert only(pool).num_followed == 0

    run(test)


def test_places_are_counted_where_servers_can_be_used() -> None:
    async def test() -> None:
        down = FakeEngine(statuses={"/v1/models": 500})
        async with running(FakeEngine(), down, options=UpstreamOptions(places_per_server=40)) as pool:
            assert UpstreamView(pool).max_num_sequences == 40

    run(test)


def test_checks_show_our_key() -> None:
    engine = FakeEngine()

    async def test() -> None:
        async with engine.serve(), pool_of(engine, key="sk-ours"):
            assert {headers["authorization"] for headers in engine.headers_of_looks} == {"Bearer sk-ours"}

    run(test)


def test_a_gateway_without_servers_is_refused() -> None:
    with pytest.raises(ConfigError, match="--upstream"):
        UpstreamPool(OPTIONS, [])


@pytest.mark.parametrize("wrong", [{"interval_s": 0.0}, {"unhealthy_after": 0}, {"jitter": 1.0}])
def test_health_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        HealthOptions(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"connect_timeout_s": 0.0}, {"max_attempts": 0}, {"places_per_server": 0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        UpstreamOptions(**wrong)  # type: ignore[arg-type]
