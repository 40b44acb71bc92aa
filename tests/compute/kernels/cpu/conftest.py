"""Every test here runs on every instruction set of this CPU."""

import pytest
from tests.compute.kernels.cpu.native import Kernels

from zaphod.compute.kernels import dispatch

SETS = dispatch.instruction_sets() if dispatch.native_is_available() else ()


@pytest.fixture(
    params=SETS or [pytest.param("", marks=pytest.mark.skip(reason=f"native kernels: {dispatch.why_not()}"))]
)
def cpu(request: pytest.FixtureRequest) -> Kernels:
    """The operations of one instruction set."""
    return Kernels(request.param)
