from zaphod.study.benchmarks import noise
from zaphod.study.benchmarks.noise import Watch


def test_what_others_used_is_busy_time_less_our_own(monkeypatch):
    busy_s, now_s = iter((10.0, 13.0)), iter((100.0, 102.0))
    monkeypatch.setattr(noise, "_busy_seconds", lambda: next(busy_s))
    monkeypatch.setattr(noise.time, "monotonic", lambda: next(now_s))
    monkeypatch.setattr(noise.os, "cpu_count", lambda: 2)
    assert Watch().foreign_share(own_cpu_s=2.0) == 0.25


def test_idle_and_waiting_are_not_busy_and_stolen_time_is(monkeypatch, tmp_path):
    (tmp_path / "stat").write_text("cpu  100 0 100 9999 9999 0 0 300 50 0\ncpu0 1 1 1 1\n")
    monkeypatch.setattr(noise, "_STAT", tmp_path / "stat")
    monkeypatch.setattr(noise.os, "sysconf", lambda name: 100)
    assert noise._busy_seconds() == 5.0


def test_a_system_without_counters_tells_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(noise, "_STAT", tmp_path / "absent")
    assert Watch().foreign_share(0.0) is None
