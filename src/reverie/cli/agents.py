"""The commands of an agent: `reverie agent …`. Thin, over `reverie.agents`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json, Settings, say
from reverie.errors import BadData

if TYPE_CHECKING:
    from reverie.agents.home import Home

__all__ = ["app"]

app = typer.Typer(help="An agent is a folder: it acts, learns what comes of it, and dreams.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The agent's folder.")]


def _home(folder: Path, *, writer: bool = False) -> "Home":
    from reverie.agents.home import Home

    return Home(folder, writer=writer)


@app.command()
def create(
    folder: Folder,
    env: Annotated[str, typer.Option("--env", help="An environment that Gymnasium knows, such as CartPole-v1.")],
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Make an agent for an environment. `--set rest=200`: steps from one night to the next; see the documentation."""
    from reverie.agents.home import Home
    from reverie.runs.config import parse_settings

    Home.create(folder, env, seed=seed, settings=parse_settings(settings or [])).close()
    typer.echo(
        json.dumps({"folder": str(folder), "environment": env})
        if as_json
        else f"Made an agent for {env} in {folder}. Now: reverie agent live {folder} --steps 1000"
    )


@app.command()
def live(
    folder: Folder,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps.")] = None,
    until: Annotated[
        int | None, typer.Option(min=1, help="Live until so many steps were lived in all: the same after a stop.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Let an agent act and learn; it sleeps when it is tired. Its state is saved after each episode with a night."""
    if (steps is None) == (until is None):
        raise BadData("Expected one of --steps and --until.")
    with _home(folder, writer=True) as home:
        agent = home.agent
        count = steps if steps is not None else max(0, (until or 0) - agent.steps)
        for episode in home.live(count) if count else ():
            if not as_json and episode.nights:
                night = episode.nights[-1]
                seeking = "; seeks the unknown" if night.curious else ""
                came = f"the episode brought {episode.total:g}; dreams bring {night.after:.4g}"
                say(f"step {agent.steps}: {came}{seeking}")
        result = _state(home)
    typer.echo(json.dumps(result) if as_json else _told(result))


@app.command()
def sleep(folder: Folder, as_json: Json = False) -> None:
    """Dream one night more."""
    with _home(folder, writer=True) as home:
        night = home.sleep()
    typer.echo(
        json.dumps(asdict(night))
        if as_json
        else f"Dreamt {night.steps} steps. Dreams brought {night.before:.4g} before, and {night.after:.4g} now."
    )


@app.command()
def test(
    folder: Folder,
    episodes: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the first of them.")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Episodes by habit, on seeds that the agent has not lived: nothing is tried out, nothing is learned."""
    from reverie.agents import environment, evaluate

    with _home(folder) as home:
        there = [environment(home.name) for _ in range(episodes)]
        returns = evaluate(home.agent, there, seed=seed)
        for one in there:
            one.close()
    mean = sum(returns) / len(returns)
    typer.echo(
        json.dumps({"mean": mean, "returns": returns})
        if as_json
        else f"Mean return {mean:.5g} over {episodes} episodes ({min(returns):g} … {max(returns):g})."
    )


@app.command()
def watch(
    folder: Folder,
    gif: Annotated[Path | None, typer.Option(help="Write the moving picture here, too.")] = None,
    seed: Annotated[int, typer.Option(help="Of the episode.")] = 1_000_000,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Play one episode by habit, and write a page that shows it moving, beside what was lived through."""
    from reverie.files import replace_file
    from reverie.report import write_report

    with _home(folder) as home:
        picture, total = home.watch(seed)
    if gif is not None:
        replace_file(gif, picture)
    page = write_report(folder)
    if show:
        typer.launch(page.resolve().as_uri())
    typer.echo(
        json.dumps({"page": str(page), "gif": None if gif is None else str(gif), "return": total})
        if as_json
        else f"The episode brought {total:g}. The page: {page}"
    )


@app.command()
def arm(
    folder: Annotated[Path, typer.Argument(help="Where the page, the moving picture and the numbers are written.")],
    seed: Annotated[int, typer.Option(help="Of the motion.")] = 0,
    between: Annotated[float, typer.Option(min=3, max=60, help="Seconds from one change to the next.")] = 20.0,
    noise: Annotated[bool, typer.Option("--noise", help="Sensors with noise: 0.001 rad, 0.01 rad/s.")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Move a simulated arm whose body changes unannounced, and write a page that shows it beside PD alone."""
    from reverie.agents.arm_show import show_arm
    from reverie.report import write_report

    told = show_arm(folder, seed=seed, between=between, noise=noise)
    page = write_report(folder)
    if show:
        typer.launch(page.resolve().as_uri())
    if as_json:
        typer.echo(json.dumps({"page": str(page), "gif": str(folder / "arm.gif"), "changes": told["changes"]}))
        return
    for change in told["changes"]:
        after = "never" if change["recovered"] is None else f"after {change['recovered']:.2f} s"
        typer.echo(f"{change['name']} changed at {change['time']:g} s: below half a degree {after}")
    typer.echo(f"The page: {page}")


@app.command()
def history(folder: Folder, as_json: Json = False) -> None:
    """What was lived through: nights, and the returns of episodes."""
    with _home(folder) as home:
        nights, returns, state = home.agent.nights, home.returns, _state(home)
    if as_json:
        typer.echo(json.dumps(state | {"nights": nights, "returns": returns}))
        return
    for night in nights:
        seeking = "  sought the unknown" if night["curious"] else ""
        typer.echo(f"step {night['step']:>7}  dreams {night['before']:.4g} → {night['after']:.4g}{seeking}")
    typer.echo(_told(state))


@app.command()
def export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="An .npz file; `reverie.edge.numpy_habit` acts from it.")],
    as_json: Json = False,
) -> None:
    """Write what it does by habit to a file that needs NumPy alone."""
    with _home(folder) as home:
        home.export(file)
    size = file.stat().st_size
    typer.echo(json.dumps({"file": str(file), "bytes": size}) if as_json else f"Wrote {file} ({size} bytes).")


def _state(home: "Home") -> dict[str, Any]:
    agent, last = home.agent, [total for _, total in home.returns[-20:]]
    return {
        "environment": home.name,
        "steps": agent.steps,
        "episodes": agent.episodes,
        "nights": len(agent.nights),
        "dreamt": agent.dreamt,
        "bytes": agent.bytes,
        "stored_samples": agent.stored_samples,
        "mean_of_last_episodes": sum(last) / len(last) if last else None,
    }


def _told(state: dict[str, Any]) -> str:
    from reverie.report import human_bytes

    mean = state["mean_of_last_episodes"]
    came = "" if mean is None else f" Its last episodes brought {mean:.4g} on average, while it tried things out."
    return (
        f"{state['environment']}: {state['steps']} steps in {state['episodes']} episodes, {state['nights']} nights, "
        f"{state['dreamt']} steps dreamt, {human_bytes(state['bytes'])}.{came}"
    )
