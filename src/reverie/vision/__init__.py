"""Seeing in time: what each pixel of a frame belongs to, and objects that are followed through a video."""

from reverie.vision.dense import DenseSense
from reverie.vision.leaves import dead_leaves
from reverie.vision.objects import VideoObjects
from reverie.vision.scores import Confusion, region
from reverie.vision.segmenter import Segmenter

__all__ = ["Confusion", "DenseSense", "Segmenter", "VideoObjects", "dead_leaves", "region"]
