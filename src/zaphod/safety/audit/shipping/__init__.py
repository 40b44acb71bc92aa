"""Copies of the log for other systems: at least once, from where each stopped. Read `shipper.py` first."""

from zaphod.safety.audit.shipping.shipper import Shipper, ShipperOptions, SinkStatus
from zaphod.safety.audit.shipping.sink import Sink
from zaphod.safety.audit.shipping.sinks_file import load_sinks

__all__ = ["Shipper", "ShipperOptions", "Sink", "SinkStatus", "load_sinks"]
