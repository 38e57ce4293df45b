"""The commands for video: `reverie video …`. Thin, over `reverie.vision` and `reverie.streams.video`."""

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json, say
from reverie.errors import BadData

if TYPE_CHECKING:
    from reverie.streams import Video
    from reverie.vision import Segmenter

__all__ = ["app"]

app = typer.Typer(help="Segment videos from masks, and follow objects through them.", no_args_is_help=True)

_SAVED_EVERY = 50  # frames

Folder = Annotated[Path, typer.Argument(help="The segmenter's folder.")]
Given = Annotated[Path, typer.Argument(help="A video file, or a folder of frames (or of frames/ and masks/).")]
Masks = Annotated[Path | None, typer.Option(help="A folder of masks that have the names of the frames.")]
Table = Annotated[Path | None, typer.Option(help="A JSON file from colours to classes, for masks in colours.")]
Every = Annotated[int, typer.Option(min=1, help="Take each so many-th frame.")]
Side = Annotated[int, typer.Option(min=16, help="Reduce frames whose longer side has more pixels.")]
Overlay = Annotated[Path | None, typer.Option(help="Write the masks over the frames here, a .gif or an .mp4.")]


def _video(path: Path, masks: Path | None, table: Path | None, every: int, side: int, start: int = 0) -> "Video":
    from reverie.streams import video

    return video(path, masks=masks, table=table, every=every, side=side, start=start)


@app.command()
def learn(
    folder: Folder,
    given: Given,
    masks: Masks = None,
    table: Table = None,
    classes: Annotated[str | None, typer.Option(help="Learn pixels of these classes alone: 1,4,7.")] = None,
    ignore: Annotated[int, typer.Option(help="The class of pixels without a label.")] = 255,
    exponent: Annotated[
        float | None, typer.Option(min=0, max=1, help="How far rare classes are preferred; 0.5 for a new folder.")
    ] = None,
    every: Every = 1,
    side: Side = 640,
    start: Annotated[int, typer.Option(min=0, help="The first frame, to go on after a stop.")] = 0,
    as_json: Json = False,
) -> None:
    """Learn the frames of a video that have masks. What was learned is saved every fifty frames."""
    from reverie.vision import Segmenter

    there = (folder / "state.json").exists()
    segmenter = Segmenter.open(folder) if there else Segmenter(ignore=ignore)
    if exponent is not None:
        segmenter.exponent = exponent
    wanted = None if classes is None else _numbers(classes)
    film = _video(given, masks, table, every, side, start)
    began, frames, pixels = time.monotonic(), 0, 0
    for frame in film:
        if frame.mask is None:
            continue
        pixels += segmenter.learn(frame.picture, frame.mask, classes=wanted)
        frames += 1
        if frames % _SAVED_EVERY == 0:
            segmenter.save(folder)
            say(f"saved after frame {frame.number}; to go on from here: --start {frame.number + 1}")
    if not frames:
        raise BadData(f"No frame of {given} has a mask. Give a folder of masks with --masks, named as the frames.")
    segmenter.save(folder)
    _notes(film)
    result = {
        "frames": frames,
        "pixels": pixels,
        "classes": segmenter.classes,
        "seconds": round(time.monotonic() - began, 3),
        "state_bytes": segmenter.bytes,
    }
    typer.echo(json.dumps(result) if as_json else f"Learned {pixels} pixels of {frames} frames. {_known(segmenter)}")


@app.command()
def predict(
    folder: Folder,
    given: Given,
    out: Annotated[Path | None, typer.Option(help="Write the masks into this folder, as PNG.")] = None,
    overlay: Overlay = None,
    masks: Masks = None,
    table: Table = None,
    every: Every = 1,
    side: Side = 640,
    as_json: Json = False,
) -> None:
    """Tell what each pixel of a video belongs to. Where the video has masks, they are compared."""
    from reverie.vision import Confusion, Segmenter

    segmenter, film = Segmenter.open(folder), _video(given, masks, table, every, side)
    seen, frames = Confusion(), 0
    with _Written(out, overlay, film.rate) as written:
        for frame in film:
            found = segmenter.predict(frame.picture)
            written.add(frame.number, frame.picture, found)
            if frame.mask is not None:
                seen.add(found, frame.mask, ignore=segmenter.ignore)
            frames += 1
    _notes(film)
    result: dict[str, Any] = {"frames": frames, "classes": segmenter.classes}
    if seen.pixels:
        result |= {
            "mean_iou": seen.mean_iou,
            "accuracy": seen.accuracy,
            "iou": {str(c): v for c, v in seen.iou.items()},
        }
    if as_json:
        typer.echo(json.dumps(result))
        return
    compared = f" Mean IoU {seen.mean_iou:.3f}, pixels right {seen.accuracy:.3f}." if seen.pixels else ""
    typer.echo(f"{frames} frames.{compared}{written.told}")


@app.command()
def track(
    folder: Annotated[Path, typer.Argument(help="Where the masks are written: 00000.png, 00001.png, …")],
    given: Given,
    mask: Annotated[
        Path | None, typer.Option(help="The mask of the first frame: 0 around the objects, a number for each.")
    ] = None,
    overlay: Overlay = None,
    masks: Masks = None,
    table: Table = None,
    every: Every = 1,
    side: Side = 640,
    as_json: Json = False,
) -> None:
    """Follow objects from the mask of the first frame. Where other frames have masks, they are compared."""
    from reverie.streams.mask_file import as_table, mask_of
    from reverie.vision import VideoObjects, region

    film = _video(given, masks, table, every, side)
    objects, scores, frames = VideoObjects(), list[float](), 0
    with _Written(folder, overlay, film.rate) as written:
        for frame in film:
            if frames == 0:
                first = frame.mask
                if mask is not None:
                    size = _size_of(mask)
                    first, _ = mask_of(mask, as_table(table), None, size)
                    if size != frame.picture.shape[:2]:
                        first = _fitted(first, size, frame.picture.shape[:2], mask)
                if first is None:
                    raise BadData("The first frame has no mask. Give one with --mask FILE, or masks with --masks.")
                objects.begin(frame.picture, first)
                found = objects.mask()
            else:
                found = objects.follow(frame.picture)
                if frame.mask is not None:
                    scores += [region(found == label, frame.mask == label) for label in objects.labels if label]
            written.add(frame.number, frame.picture, found)
            frames += 1
    _notes(film)
    result: dict[str, Any] = {"frames": frames, "objects": [label for label in objects.labels if label]}
    if scores:
        result["region_j"] = sum(scores) / len(scores)
    if as_json:
        typer.echo(json.dumps(result))
        return
    compared = f" Region J {result['region_j']:.3f}." if scores else ""
    typer.echo(f"{len(result['objects'])} objects in {frames} frames.{compared}{written.told}")


class _Written:
    """Masks and the overlay, as they come."""

    def __init__(self, folder: Path | None, overlay: Path | None, rate: float | None) -> None:
        from reverie.files import make_folder

        self._folder, self._overlay, self._rate, self._things = folder, overlay, rate, ExitStack()
        if folder is not None:
            make_folder(folder)
        places = ([f"Masks: {folder}."] if folder else []) + ([f"Overlay: {overlay}."] if overlay else [])
        self.told = "".join(f" {place}" for place in places)

    def __enter__(self) -> "_Written":
        from reverie.vision.overlay import moving_picture

        self._take = None
        if self._overlay is not None:
            self._take = self._things.enter_context(moving_picture(self._overlay, rate=self._rate))
        return self

    def __exit__(self, *error: Any) -> None:
        self._things.__exit__(*error)

    def add(self, number: int, picture: Any, mask: Any) -> None:
        from reverie.vision.overlay import painted, write_mask

        if self._folder is not None:
            write_mask(self._folder / f"{number:05}.png", mask)
        if self._take is not None:
            self._take(painted(picture, mask))


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise BadData(f"--classes is {text!r}. Expected whole numbers: --classes 1,4,7.")
    return [int(part) for part in parts]


def _size_of(file: Path) -> tuple[int, int]:
    from reverie.streams.picture_file import open_picture

    with open_picture(file, str(file)) as picture:
        return picture.height, picture.width


def _fitted(mask: Any, given: tuple[int, int], wanted: tuple[int, ...], file: Path) -> Any:
    """A mask of the video's own size, where frames are reduced."""
    from reverie.vision.frames import resized

    if abs(given[0] * wanted[1] - given[1] * wanted[0]) > max(wanted) * 2 or given[0] < wanted[0]:
        raise BadData(
            f"The mask {file} has {given[1]}×{given[0]} pixels, the frames {wanted[1]}×{wanted[0]}. Expected the same "
            "size."
        )
    return resized(mask, (wanted[0], wanted[1]))


def _notes(film: "Video") -> None:
    for note in film.notes:
        say(note)


def _known(segmenter: "Segmenter") -> str:
    return f"Classes: {', '.join(map(str, segmenter.classes))}."
