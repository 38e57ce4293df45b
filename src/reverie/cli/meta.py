"""The commands of meta-learning: `reverie meta …`. Thin, over `reverie.meta`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from reverie.cli.common import Json, say
from reverie.errors import BadData

__all__ = ["app"]

app = typer.Typer(help="Learning to learn: senses that learn new classes from a few examples.", no_args_is_help=True)


@app.command()
def train(
    data: Annotated[Path, typer.Option(help="A folder of class folders: many classes, two pictures of each at least.")],
    out: Annotated[Path, typer.Option(help="The sense's folder.")],
    steps: Annotated[int, typer.Option(help="Small tasks, for each network.")] = 1800,
    networks: Annotated[int, typer.Option(help="Networks side by side.")] = 2,
    read_out: Annotated[str, typer.Option(help="What it is trained through: means, ridge or both.")] = "ridge",
    size: Annotated[int, typer.Option(min=8, max=256, help="Pixels on a side to which pictures are brought.")] = 28,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    as_json: Json = False,
) -> None:
    """Train a sense on small tasks drawn from your pictures. Stopped, it goes on where it was.

    Then: reverie brain create NAME --encoder OUT. New classes should be ones that it was not trained on.
    """
    from reverie.meta import MetaPlan, save_sense
    from reverie.meta import train as learn
    from reverie.meta.reading import read_classes
    from reverie.meta.sense import expect_room
    from reverie.meta.training import drop_training, expect_training

    out = out.resolve()
    expect_room(out)
    place = out.with_name(f"{out.name}.training")  # where a training that was stopped goes on
    if (out / "state.json").exists():
        drop_training(place)  # stopped when the sense was there already
        raise BadData(f"{out} holds a sense already. Give another --out.")
    expect_training(place)
    plan = MetaPlan(steps=steps, networks=networks, read_out=read_out, seed=seed)
    classes, names = read_classes(data, size)

    def told(step: int, total: int, loss: float) -> None:
        say(f"{step} of {total} tasks, loss {loss:.3f}")

    sense = learn(classes, plan, keep=place, told=told)
    about = {"classes": len(names), "steps": steps, "read_out": read_out, "seed": seed}
    save_sense(out, sense, about=about)
    drop_training(place)
    done = {"folder": str(out), "classes": len(names), "pictures": sum(len(one) for one in classes.pictures)}
    typer.echo(
        json.dumps(done)
        if as_json
        else f"A sense of {done['classes']} classes in {out}. Now: reverie brain create NAME --encoder {out}"
    )
