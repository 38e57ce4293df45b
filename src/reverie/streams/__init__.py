"""Sources of experience. `FACTORIES` lists those with a name; iterating twice gives the same life twice."""

from pathlib import Path
from typing import Any

from reverie.contracts import Stream
from reverie.errors import unknown_name
from reverie.streams.data import LabelledData
from reverie.streams.frames import is_frame
from reverie.streams.incoming import read_stream
from reverie.streams.labelled import Samples
from reverie.streams.locate import catalogue
from reverie.streams.memristor import memristor
from reverie.streams.named import clinc150, digits, permuted_mnist, split_cifar10, split_cifar100, split_mnist
from reverie.streams.own import from_path
from reverie.streams.permuted import Permuted
from reverie.streams.picture_arrays import as_pictures
from reverie.streams.pictures import Pictures
from reverie.streams.samples import read_samples
from reverie.streams.sounds import Sounds
from reverie.streams.split import Split
from reverie.streams.table import Table
from reverie.streams.video import Video, VideoFrame, video

__all__ = [
    "FACTORIES",
    "LabelledData",
    "Permuted",
    "Pictures",
    "Samples",
    "Sounds",
    "Split",
    "Table",
    "Video",
    "VideoFrame",
    "as_pictures",
    "catalogue",
    "clinc150",
    "digits",
    "from_path",
    "is_frame",
    "make",
    "memristor",
    "permuted_mnist",
    "read_samples",
    "read_stream",
    "split_cifar10",
    "split_cifar100",
    "split_mnist",
    "video",
]

FACTORIES = {
    factory.__name__.replace("_", "-"): factory
    for factory in (clinc150, digits, memristor, permuted_mnist, split_cifar10, split_cifar100, split_mnist)
}
"""Every named stream."""


def make(name: str, **options: Any) -> Stream:
    """Make a stream from a name, or from the path of the user's own data.

    Examples
    --------
    >>> make("digits", classes_per_experience=5).name
    'digits'
    """
    if name in FACTORIES:
        stream: Stream = FACTORIES[name](**options)
        return stream
    if "/" in name or Path(name).suffix or Path(name).exists():
        return from_path(name, **options)
    raise unknown_name("stream", name, FACTORIES)
