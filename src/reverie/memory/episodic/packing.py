"""A vector as bytes, exactly: as its numbers, or where that is shorter, as those that are not zero.

A hashed sentence has some two hundred numbers of 2,048 that are not zero, of a dozen different values. Packed: how many
different values there are (two bytes), these, the places (two bytes each), and which value stands there (one byte
each). What is packed is shorter than the plain numbers; by its length it is told from those, of which alone older
files are made.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

_VALUES, _PLACES = 256, 65_536


def pack(vector: NDArray[np.float32]) -> bytes:
    """The bytes of a vector."""
    plain = vector.astype("<f4").tobytes()
    places = np.flatnonzero(vector)
    if len(vector) > _PLACES or 3 * len(places) >= len(plain):
        return plain
    values, which = np.unique(vector[places].astype("<f4"), return_inverse=True)
    if len(values) > _VALUES:
        return plain
    head = np.array([len(values)], "<u2").tobytes()
    packed = head + values.tobytes() + places.astype("<u2").tobytes() + which.astype("u1").tobytes()
    return packed if len(packed) < len(plain) else plain


def unpack(data: bytes, dimension: int) -> NDArray[np.float32]:
    """The vector of some bytes; shape [dimension].

    Raises
    ------
    ValueError
        Where they are none.

    Examples
    --------
    >>> vector = np.zeros(100, np.float32)
    >>> vector[[3, 7]] = 0.25, -1.5
    >>> len(pack(vector)), bool((unpack(pack(vector), 100) == vector).all())
    (16, True)
    """
    if len(data) == 4 * dimension:
        return np.frombuffer(data, dtype="<f4")
    if not 2 <= len(data) < 4 * dimension:
        raise ValueError(f"a vector has {len(data)} bytes")
    count = int(np.frombuffer(data, "<u2", 1)[0])
    rest = len(data) - 2 - 4 * count
    if count > _VALUES or rest < 0 or rest % 3:
        raise ValueError(f"a vector has {len(data)} bytes for {count} values")
    values = np.frombuffer(data, "<f4", count, 2)
    places = np.frombuffer(data, "<u2", rest // 3, 2 + 4 * count)
    which = np.frombuffer(data, "u1", rest // 3, 2 + 4 * count + 2 * (rest // 3))
    if rest and (int(places.max()) >= dimension or int(which.max()) >= count):
        raise ValueError("a vector has numbers beyond its end")
    vector = np.zeros(dimension, np.float32)
    vector[places] = values[which]
    return vector
