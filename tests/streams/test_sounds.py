"""Sounds from files, bytes and waveforms: one channel, one rate, bounded, named where they are torn."""

import io

import numpy as np
import pytest

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import Sounds

TONE = np.sin(np.arange(8000) / 8000 * 2 * np.pi * 440).astype(np.float32) / 2


def written(kind: str, wave: np.ndarray = TONE, rate: int = 8000) -> bytes:
    soundfile = pytest.importorskip("soundfile")
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_files(kind):
    (wave,) = Sounds([written(kind)]).waves(8000)
    assert wave.dtype == np.float32 and abs(len(wave) - 8000) <= 2400
    assert abs(wave).max() == pytest.approx(0.5, abs=0.1)


def test_channels_rates_and_whole_numbers():
    pytest.importorskip("soxr")
    stereo = np.stack([TONE, -TONE], axis=1)
    whole = (TONE * 32767).astype(np.int16)
    sounds = Sounds([(stereo, 8000), (whole, 8000), (TONE, 4000)])
    silent, scaled, longer = sounds.waves(8000)
    assert abs(silent).max() == 0 and np.allclose(scaled, TONE, atol=1e-3) and len(longer) == 16000
    assert len(sounds[1:]) == 2 and sounds[[2, 0]].names == ["Sound 2", "Sound 0"]


def test_torn_long_and_foreign_ones_are_refused_by_name(tmp_path):
    (tmp_path / "torn.wav").write_bytes(written("WAV")[:5000])
    (tmp_path / "text.wav").write_text("hello")
    (tmp_path / "whole.wav").write_bytes(written("WAV"))
    sounds = Sounds([tmp_path / name for name in ("torn.wav", "text.wav", "whole.wav")])
    assert [place for place, _ in sounds.faults()] == [0, 1]
    for place, name in enumerate(("torn", "text")):
        with pytest.raises(CorruptFile, match=name):
            sounds[[place]].waves(8000)
    with pytest.raises(BadData, match=r"601 s in 1 channels\. Expected at most 600 s"):
        Sounds([(np.zeros(601, dtype=np.float32), 1)])
    with pytest.raises(BadData, match="601 s"):
        Sounds([written("FLAC", np.zeros(601 * 1000), 1000)]).waves(1000)
    with pytest.raises(BadData, match="Expected a path, bytes, or"):
        Sounds([3])
    with pytest.raises(BadData, match="NaN"):
        Sounds([(np.array([np.nan, 1.0]), 8000)])


def test_without_the_packages_the_message_says_what_to_install(monkeypatch):
    file = written("WAV")
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingData, match=r"pip install 'reverie\[sound\]'"):
        Sounds([file]).waves(8000)
