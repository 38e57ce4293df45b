"""Sounds as they came: files, bytes, or waveforms with their rate; read when they are asked for.

WAV, FLAC, MP3 and OGG are read by libsndfile and brought to a rate by soxr (the extra `[sound]`). A recording is at
most ten minutes long.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.streams.bad_samples import readable

__all__ = ["SOUND_SUFFIXES", "Sounds"]

SOUND_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg", ".oga"}
_SECONDS = 600
_VALUES = 2 * _SECONDS * 192_000  # of all channels


class Sounds(Sequence[Any]):
    """Sounds, each as it came. `[slice]` and `[list of int]` give Sounds; nothing is read before `waves`.

    Parameters
    ----------
    items : iterable of path, bytes, or (waveform, rate)
        A waveform has shape [n] or [n, channels]; whole numbers are divided by the largest of their type. The rate is
        in Hz.
    names : list of str, optional
        What to call each in an error.

    Examples
    --------
    >>> sounds = Sounds([(np.zeros(800), 8000), (np.ones((800, 2)), 8000)])
    >>> len(sounds), sounds[1:].waves(8000)[0].shape
    (2, (800,))
    """

    def __init__(self, items: Iterable[Any], *, names: Sequence[str] | None = None) -> None:
        self._items = [_taken(item, index) for index, item in enumerate(items)]
        if names is not None and len(names) != len(self._items):
            raise BadData(f"There are {len(self._items)} sounds and {len(names)} names. Give one for each.")
        self.names = [_called(item, i) for i, item in enumerate(self._items)] if names is None else list(names)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Any) -> "Sounds":
        if isinstance(key, slice):
            places: Sequence[int] = range(len(self))[key]
        else:
            wanted = [key] if isinstance(key, int | np.integer) else key
            places = [range(len(self))[int(place)] for place in wanted]
        part = Sounds([])
        part._items = [self._items[place] for place in places]
        part.names = [self.names[place] for place in places]
        return part

    def __repr__(self) -> str:
        return f"Sounds({len(self)})"

    def waves(self, rate: int) -> list[NDArray[np.float32]]:
        """Each sound as one channel, the mean of all, at a rate in Hz.

        Raises
        ------
        CorruptFile, BadData, MissingData
            A file is torn, or too long, or not there; or the packages are not installed. The message names it.
        """
        return [_at_rate(*self._read(place), rate, self.names[place]) for place in range(len(self))]

    def faults(self) -> list[tuple[int, str]]:
        """(place, reason) of each that cannot be read."""
        found = []
        for place, item in enumerate(self._items):
            if not isinstance(item, Path | bytes):
                continue
            try:
                self._read(place)
            except (CorruptFile, BadData) as error:
                found.append((place, str(error).removeprefix(self.names[place]).strip().split(".")[0]))
        return found

    def _read(self, place: int) -> tuple[NDArray[np.float32], int]:
        item, name = self._items[place], self.names[place]
        if isinstance(item, tuple):
            return item
        soundfile = _soundfile()
        try:
            if isinstance(item, Path) and not item.is_file():
                raise MissingData(f"{name} is not there, or is not a file. Check the name.")
            with soundfile.SoundFile(BytesIO(item) if isinstance(item, bytes) else str(item)) as file:
                _bounded(file.frames, file.channels, file.samplerate, name)
                wave = file.read(min(file.frames, _SECONDS * file.samplerate), dtype="float32", always_2d=True)
                rate = int(file.samplerate)
                told = int(file.frames)
        except ReverieError:
            raise
        except Exception as error:
            reason = str(error).rstrip(".").rpartition(": ")[2] or type(error).__name__
            raise CorruptFile(f"{name} cannot be read as a sound ({reason}). Replace or remove it.") from None
        if not len(wave) or len(wave) < told or _cut(item):
            raise CorruptFile(f"{name} is empty or torn: it ends before what its head says. Replace or remove it.")
        return _one_channel(wave), rate


def _taken(item: Any, index: int) -> Any:
    if isinstance(item, str):
        return Path(item)
    if isinstance(item, Path | bytes):
        return item
    if isinstance(item, bytearray | memoryview):
        return bytes(item)
    try:
        wave, rate = item
        wave, rate = np.asarray(wave.detach().cpu() if hasattr(wave, "detach") else wave), int(rate)
    except (TypeError, ValueError):
        raise BadData(
            f"Sound {index} is a {type(item).__name__}. Expected a path, bytes, or (waveform, rate)."
        ) from None
    if wave.ndim not in (1, 2) or not len(wave) or wave.dtype.kind not in "iuf" or rate < 1:
        raise BadData(
            f"Sound {index} has shape {wave.shape}, type {wave.dtype} and rate {rate}. Expected numbers [n] or "
            "[n, channels], and a rate in Hz."
        )
    _bounded(len(wave), 1 if wave.ndim == 1 else wave.shape[1], rate, f"Sound {index}")
    if wave.dtype == np.uint8:
        wave = (wave.astype(np.float32) - 128) / 128
    elif wave.dtype.kind in "iu":
        wave = wave / np.float32(np.iinfo(wave.dtype).max + 1.0)
    wave = _one_channel(wave.astype(np.float32).reshape(len(wave), -1))
    if not np.isfinite(wave).all():
        raise BadData(f"Sound {index} contains NaN or infinity. Drop it, or fill those places.")
    return wave, rate


def _called(item: Any, index: int) -> str:
    return readable(str(item)) if isinstance(item, Path) else f"Sound {index}"


def _one_channel(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(wave.mean(axis=1) if wave.shape[1] > 1 else wave[:, 0], dtype=np.float32)


def _bounded(frames: int, channels: int, rate: int, name: str) -> None:
    if frames > _SECONDS * rate or frames * channels > _VALUES:
        raise BadData(
            f"{name} has {frames / rate:.0f} s in {channels} channels. Expected at most {_SECONDS} s; cut it."
        )


def _at_rate(wave: NDArray[np.float32], given: int, rate: int, name: str) -> NDArray[np.float32]:
    if given == rate:
        return wave
    try:
        import soxr
    except ImportError:
        raise MissingData(
            f"{name} has {given} Hz, and {rate} are needed: bringing it there needs a package that is not installed. "
            "Run: pip install 'reverie[sound]'"
        ) from None
    return np.asarray(soxr.resample(wave, given, rate), dtype=np.float32)


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError):
        raise MissingData(
            "Recordings are read by a package that is not installed. Run: pip install 'reverie[sound]'"
        ) from None
    return soundfile


def _cut(item: Path | bytes) -> bool:
    """Whether a WAV file ends before the end of its samples: libsndfile reads what is there and says nothing."""
    file: Any = BytesIO(item) if isinstance(item, bytes) else item.open("rb")
    with file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return False
        size = file.seek(0, 2)
        place = 12
        while place + 8 <= size:
            file.seek(place)
            kind, length = file.read(4), int.from_bytes(file.read(4), "little")
            if kind == b"data":  # a recorder that was still writing says 0 or the largest number
                return 0 < length < 0xFFFF0000 and place + 8 + length > size + 1
            place += 8 + length + length % 2
        return True
