"""From a brain to small machines: what it costs, and its answers without torch, as ONNX or as one file of NumPy."""

from reverie.edge.cost import cost_of
from reverie.edge.export import export
from reverie.edge.parts import Parts, parts_of

__all__ = ["Parts", "cost_of", "export", "parts_of"]
