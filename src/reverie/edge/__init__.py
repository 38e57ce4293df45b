"""From a brain to machines without torch: ONNX, or one file of NumPy."""

from reverie.edge.export import export
from reverie.edge.parts import Parts, parts_of

__all__ = ["Parts", "export", "parts_of"]
