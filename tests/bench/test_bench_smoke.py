"""Every benchmark runs, at sizes that say nothing about speed."""

from collections.abc import Callable

import pytest

from tests.bench import (
    bench_flush,
    bench_frames,
    bench_idle,
    bench_import,
    bench_index,
    bench_late,
    bench_outbox,
    bench_socket,
    bench_start,
    bench_status,
    bench_store,
    bench_sync,
)
from tests.bench.desk import has_desk
from tests.bench.table import met

Row = tuple[str, float, str]


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: bench_store.rows(many=1000, rounds=1), id="store"),
        pytest.param(lambda: bench_late.rows(many=1000, rounds=1), id="late"),
        pytest.param(lambda: bench_socket.rows(frames=1200, rounds=1), id="socket"),
        pytest.param(bench_frames.rows, id="frames"),
        pytest.param(lambda: bench_outbox.rows(many=1000), id="outbox"),
        pytest.param(lambda: bench_flush.rows(plays=60), id="flush"),
        pytest.param(lambda: bench_index.rows(films=150, shows=5, lines=2000), id="index"),
        pytest.param(lambda: bench_import.rows(plays=600), id="import"),
        pytest.param(lambda: bench_sync.rows(plays=600), id="sync"),
        pytest.param(lambda: bench_status.rows(rounds=1), id="status"),
        pytest.param(lambda: bench_start.rows(rounds=1, idle_s=0.0, memories=1), id="start"),
        pytest.param(lambda: bench_idle.rows(settle_s=0.0, sample_s=0.2), id="idle"),
    ],
)
def test_it_runs(
    run: Callable[[], list[Row]], request: pytest.FixtureRequest, qapp: object
) -> None:
    found = run()

    if request.node.callspec.id == "start" and not has_desk():
        assert not found
        return
    assert found
    for name, value, target in found:
        assert name
        assert value >= 0.0
        assert met(value, target) in (True, False, None)
