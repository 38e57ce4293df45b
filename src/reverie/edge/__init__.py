"""A brain's answers without torch: as an ONNX graph, or as one file of NumPy."""

from reverie.edge.agreement import Probes, agreement
from reverie.edge.export import export
from reverie.edge.parts import Parts

__all__ = ["Parts", "Probes", "agreement", "export"]
