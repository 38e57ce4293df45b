"""Sounds: what is said counts, not how loud, how long or at which rate it was recorded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reverie.errors import BadData, ReverieError
from reverie.senses import Senses, Sound
from reverie.streams import Sounds

RATE = 8000


def call(low: float, high: float, seconds: float = 0.5, rate: int = RATE) -> Any:
    """A tone that goes from one frequency to another, with a little noise."""
    at = np.arange(int(seconds * rate)) / rate
    pitch = low + (high - low) * at / seconds / 2
    noise = np.random.default_rng(int(low)).normal(size=len(at))
    return 0.5 * np.sin(2 * np.pi * pitch * at) + 0.01 * noise


def formed(**settings: Any) -> Sound:
    sense = Sound({"width": 400} | settings)
    sense.form(sense.take(Sounds([(call(300, 900), RATE)])))
    return sense


def keys(sense: Sound, *clips: Any) -> torch.Tensor:
    return sense.keys(sense.take(Sounds(list(clips)))).double()


def alike(one: torch.Tensor, two: torch.Tensor) -> float:
    """Correlation of two keys."""
    return float(torch.corrcoef(torch.stack([one, two]))[0, 1])


@pytest.mark.parametrize("gain", [1e-4, 0.01, 100.0])
def test_loudness_does_not_count(gain: float) -> None:
    sense, wave = formed(), call(300, 900)
    usual, other = keys(sense, (wave, RATE), (gain * wave, RATE))
    assert int((usual - other).abs().max()) <= 1


def test_whole_numbers_are_the_same_as_fractions() -> None:
    sense, wave = formed(), call(300, 900)
    whole = np.rint(wave * 32767).astype(np.int16)
    usual, other = keys(sense, (whole / 32768, RATE), (whole, RATE))
    assert int((usual - other).abs().max()) <= 1


def test_length_rate_and_silence_around_count_little() -> None:
    pytest.importorskip("soxr")
    sense = formed()
    wave = call(300, 900)
    silence = np.zeros(3000)
    usual, longer, finer, padded, other = keys(
        sense,
        (wave, RATE),
        (call(300, 900, 0.8), RATE),
        (call(300, 900, 0.5, 16000), 16000),
        (np.concatenate([silence, wave, silence]), RATE),
        (call(900, 300), RATE),
    )
    for same in (longer, finer, padded):
        assert alike(usual, same) > 0.9 > alike(usual, other)


@pytest.mark.parametrize("length", [1, 2, 100, 255, 256, 257, 336, 337, 5000])
def test_silence_and_very_short_clips_are_sensed(length: int) -> None:
    sense = formed()
    silent = sense.numbers(sense.take(Sounds([(np.zeros(length), RATE)])))
    assert bool((silent == 0).all())
    click = np.zeros(length)
    click[0] = 1.0
    found = sense.numbers(sense.take(Sounds([(click, RATE), (np.ones(length), RATE)])))
    assert found.shape == (2, 40 * 32)
    assert bool(found.isfinite().all())


def test_numbers_have_mean_zero_and_length_one() -> None:
    sense = formed()
    numbers = sense.numbers(sense.take(Sounds([(call(300, 900), RATE)])))
    assert float(numbers.mean()) == pytest.approx(0, abs=1e-6)
    assert float(numbers.norm()) == pytest.approx(1, abs=1e-5)


def test_files_bytes_and_waves_give_the_same_keys(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    wave = np.rint(call(300, 900) * 32767).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "a.flac", wave, RATE)
    both = np.stack([wave, wave], 1)
    sense = formed()
    found = keys(
        sense, (wave, RATE), tmp_path / "a.wav", tmp_path / "a.flac", (tmp_path / "a.wav").read_bytes(), (both, RATE)
    )
    assert int((found - found[0]).abs().max()) <= 1


def test_auto_takes_it_for_sounds() -> None:
    sounds, senses = Sounds([(call(300, 900), RATE)]), Senses()
    senses.form(senses.take(sounds), sounds)
    assert senses.encoder == "sound"


def test_what_is_no_sound_is_refused() -> None:
    for x in (np.zeros((2, 100)), ["a.wav"], [(np.zeros(9), RATE)]):
        with pytest.raises(BadData, match="Sounds of waveforms"):
            Sound().take(x)
    with pytest.raises(BadData, match="no sounds"):
        Sound().take(Sounds([]))


@pytest.mark.parametrize("settings", [{"width": 1}, {"width": "many"}, {"kind": "loud"}, {"width": 2**28}])
def test_settings_that_are_none_are_refused(settings: Any) -> None:
    with pytest.raises(ReverieError):
        formed(**settings)
