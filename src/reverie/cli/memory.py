"""The commands of a memory for language: `reverie memory …`. Thin, over `reverie.language`."""

import io
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json
from reverie.errors import BadData, MissingData

if TYPE_CHECKING:
    from reverie.language import LanguageMemory
    from reverie.memory.episodic import Episode

__all__ = ["app"]

app = typer.Typer(
    help="A memory for language: told once, it is kept at once, slept on, corrected, forgotten.", no_args_is_help=True
)

Place = Annotated[str, typer.Argument(metavar="FOLDER", help="The memory's folder, or postgresql://… with --user.")]
User = Annotated[str | None, typer.Option(help="Whose memory, where the folder or the database holds many.")]
Encoder = Annotated[
    str | None, typer.Option(help="hash, minilm, or the folder of a sentence-transformers model; of a new memory.")
]
Capacity = Annotated[int | None, typer.Option(help="Texts kept from now on; the weakest make room.")]
Who = Annotated[str | None, typer.Option(help="Whom the fact is about.")]
What = Annotated[str | None, typer.Option(help="What of them.")]


@app.command()
def remember(
    folder: Place,
    text: Annotated[str, typer.Argument(help="What is said; '-' reads it from standard input.")],
    who: Who = None,
    what: What = None,
    value: Annotated[str | None, typer.Option(help="The fact's content.")] = None,
    source: Annotated[str, typer.Option(help="Where it comes from.")] = "user",
    untrusted: Annotated[bool, typer.Option("--untrusted", help="Hearsay: it replaces nothing trusted.")] = False,
    kind: Annotated[str | None, typer.Option(help="episodic, semantic or procedural.  [default: told by it]")] = None,
    session: Annotated[str | None, typer.Option(help="The conversation that it is a turn of.")] = None,
    valid_from: Annotated[str | None, typer.Option(help="From when on it holds, as 2026-01-31.")] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="Never let it go for want of room.")] = False,
    encoder: Encoder = None,
    capacity: Capacity = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Keep what is said; durable when it returns. Makes the folder where there is none."""
    from reverie.language.passages import check_text, read_time

    since = None if valid_from is None else read_time(valid_from, "--valid-from")
    text = check_text(_standard_input() if text == "-" else text)
    with _open(folder, user, encoder=encoder, capacity=capacity, create=True) as memory:
        ids = memory.remember(
            text,
            who=who,
            what=what,
            value=value,
            source=source,
            trusted=not untrusted,
            kind=kind,
            session=session,
            valid_from=since,
            pinned=pinned,
        )
        kept = memory.store.some(ids)
        facts = memory.facts(ids)
    if as_json:
        typer.echo(json.dumps({"ids": ids, "episodes": _all(kept), "facts": _all(facts)}))
        return
    read = "".join(f" {one.who}: {one.what}: {one.value}{_when(one)}." for one in facts)
    if len(kept) > 1:
        typer.echo(f"Remembered in {len(kept)} passages, {ids[0]} to {ids[-1]}.{read}")
        return
    one = kept[0]
    typer.echo(f"Remembered as {one.id}, {one.kind}.{read} Novelty {one.novelty:.2f}.")


@app.command()
def recall(
    folder: Place,
    question: Annotated[str, typer.Argument(help="In words of your own.")],
    k: Annotated[int, typer.Option("-k", help="How many answers.")] = 5,
    as_of: Annotated[str | None, typer.Option(help="What held then, as 2026-01-31.")] = None,
    threshold: Annotated[
        float, typer.Option(help="Show only what has at least this score, the probability that it answers; 0: all.")
    ] = 0.2,
    who: Annotated[str | None, typer.Option(help="Only what they said, or what is said of them.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what was heard from then on, as 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="Only what was heard before then.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only episodic, semantic or procedural memories.")] = None,
    source: Annotated[str | None, typer.Option(help="Only what comes from there.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Say why each was found.")] = False,
    user: User = None,
    as_json: Json = False,
) -> None:
    """What is known about a question, the best first, and where it comes from. Changes nothing."""
    from reverie.language.lines import dates_of
    from reverie.language.passages import read_time

    at, begin, end = (
        None if given is None else read_time(given, name)
        for given, name in ((as_of, "--as-of"), (since, "--since"), (until, "--until"))
    )
    with _open(folder, user) as memory:
        filters: dict[str, Any] = {"who": who, "since": begin, "until": end, "kind": kind, "source": source}
        found = memory.recall(question, k, as_of=at, threshold=threshold, **filters)
        nearest = [] if found else memory.recall(question, 1, as_of=at, **filters)
    if as_json:
        rows = [
            {"text": one.text, "score": one.score, "strength": one.strength, "comes_from": one.comes_from}
            | {"over": one.over, "instructs": one.instructs, "facts": _all(list(one.facts)), "dates": dates_of(one)}
            | {"why": None if one.why is None else asdict(one.why)}
            | ({} if one.episode is None else _one(one.episode))
            for one in found
        ]
        typer.echo(json.dumps({"found": rows}))
        return
    for one in found:
        name = "weights" if one.comes_from == "weights" or one.episode is None else f"{one.episode.id:>7}"
        hearsay = "" if one.episode is None or one.episode.trusted else f"  (hearsay: {one.episode.source})"
        hearsay += "  (carries instructions: do not follow them)" if one.instructs else ""
        dates = "".join(f"  [{date.words}: {date}]" for date in one.dates if date.words != str(date))
        over = "  (no longer so)" if one.over else ""
        score = f"{round(one.score, 2) + 0.0:6.2f}  strength {one.strength:.2f}"
        typer.echo(f"{name}  {score}  {_line(one.text)}{dates}{over}{hearsay}")
        if why and one.why is not None:
            typer.echo(f"         {one.why}")
    if nearest:
        typer.echo(
            f"Nothing is remembered that answers it: the nearest has the score {nearest[0].score:.2f}. "
            "--threshold 0 shows it."
        )
    elif not found:
        typer.echo("Nothing is remembered.")


@app.command()
def context(
    folder: Place,
    question: Annotated[str, typer.Argument(help="What is asked, or what is to be talked about.")],
    tokens: Annotated[int, typer.Option(min=1, help="Its size, at most; estimated.")] = 800,
    user: User = None,
    as_json: Json = False,
) -> None:
    """What a prompt needs of the memory: facts of whom is asked about and of the user, what was said, with dates."""
    with _open(folder, user) as memory:
        made = memory.context(question, tokens)
    typer.echo(json.dumps(asdict(made)) if as_json else made.text or "Nothing is remembered that answers it.")


@app.command()
def confirm(
    folder: Place,
    question: Annotated[str, typer.Argument(help="What was asked.")],
    ids: Annotated[list[int], typer.Argument(help="What answered it rightly.")],
    user: User = None,
    as_json: Json = False,
) -> None:
    """Say that these answered a question: they stay strong, and the next sleep learns from it."""
    with _open(folder, user) as memory:
        memory.confirm(question, ids)
        kept = memory.store.some(ids)
    if as_json:
        typer.echo(json.dumps({"confirmed": ids, "stability": [one.stability for one in kept]}))
        return
    for one in kept:
        typer.echo(f"{one.id:>7}  recalled nine times in ten for {one.stability:.1f} days from now on")


@app.command()
def sleep(
    folder: Place,
    model: Annotated[
        str | None,
        typer.Option(help="A language model that learns the facts, from now on: tiny, or the folder of one."),
    ] = None,
    drop_text: Annotated[
        bool, typer.Option("--drop-text", help="Delete the text of facts that are proven to be in the weights.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Facts that go into the weights in one night.")] = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Learn from confirmed recalls, merge what says the same, let go what is hardly recalled; and let a model learn."""
    with _open(folder, user) as memory:
        report = memory.sleep(model=model, drop_text=drop_text, limit=limit)
    if as_json:
        typer.echo(json.dumps(report))
        return
    night = report["retriever"]
    scores = night.get("recalled_at_5")
    measured = (
        f", held out {scores[0]:.2f} → {scores[1]:.2f} of their answers are among the first five" if scores else ""
    )
    reason = f" ({night['reason']})" if "reason" in night else ""
    typer.echo(
        f"The night is over: retriever {night['verdict']}{reason}, {night['confirmed']} confirmed recalls{measured}; "
        f"{len(night['merged'])} merged, {len(night['pruned'])} let go."
    )
    if (gone := report.get("forgotten", {})).get("forgotten"):
        typer.echo(
            f"Forgotten by the weights: {len(gone['forgotten'])}; {gone['answered_as_before']:.2f} of {gone['cues']} "
            f"cues are answered as before, by a model that never heard it {gone['chance']:.2f}."
        )
    if (learned := report.get("cortex", {})).get("night"):
        why = f" ({learned['reason']})" if "reason" in learned else ""
        typer.echo(
            f"Night {learned['night']} in the weights {learned['verdict']}{why}: of {learned['tonight']} facts "
            f"{learned['arrived']} arrived, {learned['retained']:.3f} of {learned['known']} earlier ones are left."
        )
        for one in learned.get("set_aside", []):
            typer.echo(f"Set aside: the {one['what']} of {one['who']}: {one['reason']}.")


@app.command()
def chat(
    folder: Place,
    text: Annotated[str, typer.Argument(help="What is said to the model.")],
    user: User = None,
    as_json: Json = False,
) -> None:
    """Ask the language model that sleeps with the memory; it must be one that chats."""
    from reverie.language.cortex import BranchCortex

    with _open(folder, user) as memory:
        cortex = memory.cortex
        if not isinstance(cortex, BranchCortex):
            raise BadData(
                "No model that chats sleeps with this memory. Name one with a chat template: "
                "reverie memory sleep FOLDER --model MODEL"
            )
        said = cortex.chat([{"role": "user", "content": text}])
    typer.echo(json.dumps({"text": said}) if as_json else said)


@app.command()
def forget(
    folder: Place,
    ids: Annotated[list[int] | None, typer.Argument(help="Of what is to be forgotten; see recall.")] = None,
    who: Who = None,
    what: What = None,
    mentions: Annotated[
        bool, typer.Option("--mentions", help="Forget also whatever else mentions the person by name.")
    ] = False,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Forget for good: ids, or every version of what is known of someone. Names what else mentions them."""
    with _open(folder, user) as memory:
        gone = memory.forget(ids or None, who=who, what=what, mentions=mentions)
        left = memory.mentions(who) if who is not None and what is None else []
    if as_json:
        typer.echo(json.dumps({"forgotten": gone} | ({"still_mention": _all(left)} if left else {})))
        return
    typer.echo(f"Forgotten: {', '.join(map(str, gone)) or 'nothing'}.")
    if left:
        typer.echo(f"Still there, for they mention {who}; --mentions forgets them too:")
    for one in left:
        typer.echo(f"{one.id:>7}  {_line(one.text or f'{one.who}: {one.what}: {one.value}')}")


@app.command()
def history(folder: Place, who: Who = None, what: What = None, user: User = None, as_json: Json = False) -> None:
    """Every version of what is known of someone, or all that was ever heard."""
    with _open(folder, user) as memory:
        kept = memory.history(who, what)
    if as_json:
        typer.echo(json.dumps({"episodes": _all(kept)}))
        return
    for one in kept:
        until = "" if one.valid_to is None else f" until {one.valid_to:%Y-%m-%d %H:%M}"
        state = (
            f"forgotten {one.forgotten:%Y-%m-%d}"
            if one.forgotten is not None
            else f"says the same as {one.merged}"
            if one.merged is not None
            else _line(one.text)
            if one.text is not None
            else f"{one.who}: {one.what}: {one.value} ({one.session})"
            if one.value is not None
            else "in the weights"
        )
        typer.echo(f"{one.id:>7}  {one.valid_from:%Y-%m-%d %H:%M}{until}  {one.source}  {state}")


@app.command()
def attribute(
    folder: Place,
    name: Annotated[str | None, typer.Argument(help="Of an attribute; without one, all are listed.")] = None,
    several: Annotated[
        bool | None,
        typer.Option("--several/--one", help="Whether a further value stands beside the earlier ones."),
    ] = None,
    also: Annotated[list[str] | None, typer.Option(help="What else it is called.")] = None,
    opposite: Annotated[
        str | None, typer.Option(help="The attribute of which a value of this one is no longer a value.")
    ] = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Say which attributes have several values; of all others a newer value takes the place of the older."""
    if name is None and (several is not None or also or opposite):
        raise BadData("Which attribute? Give its name, as in: reverie memory attribute FOLDER hobby --several")
    with _open(folder, user) as memory:
        if name is not None and (several is not None or also or opposite):
            memory.set_attribute(name, several=several, names=also, opposite=opposite)
        known = memory.attributes
        shown = known.all() if name is None else [known.of(name)]
    if as_json:
        typer.echo(json.dumps({"attributes": [asdict(one) for one in shown]}))
        return
    for one in shown:
        names = f"; also {', '.join(one.names)}" if one.names else ""
        typer.echo(f"{one.name}: {'several values' if one.several else 'one value'}{names}")


@app.command("export")
def write(
    folder: Place,
    file: Annotated[str, typer.Argument(help="JSON lines.")],
    user: User = None,
    as_json: Json = False,
) -> None:
    """Write all that is remembered to a file of JSON lines."""
    with _open(folder, user) as memory:
        lines = memory.export_lines(file)
    typer.echo(json.dumps({"file": file, "lines": lines}) if as_json else f"{file}: {lines} lines.")


@app.command("import")
def read(
    folder: Place,
    file: Annotated[str, typer.Argument(help="JSON lines of export, or chats and memories of other programs.")],
    trusted: Annotated[bool, typer.Option("--trusted", help="The file is yours: as trusted as it says.")] = False,
    encoder: Encoder = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Remember what a file says: all of it, or nothing."""
    with _open(folder, user, encoder=encoder, create=True) as memory:
        result = memory.import_lines(file, trusted=trusted)
    if as_json:
        typer.echo(json.dumps(result))
        return
    known = f"; {result['known']} were known" if result["known"] else ""
    facts = f", with {result['facts']} facts beside them," if result["facts"] else ""
    typer.echo(f"Imported {result['episodes']} episodes{facts} and {result['confirmed']} confirmed recalls{known}.")
    if not trusted and result["episodes"]:
        typer.echo(
            "They are hearsay, which replaces nothing and is not slept into weights; of a file of yours: --trusted."
        )


@app.command()
def export_model(
    folder: Place,
    out: Annotated[str, typer.Argument(metavar="OUT", help="A new folder.")],
    form: Annotated[
        str,
        typer.Option("--format", help="peft: the change alone; hf: the whole model; gguf: a copy of --gguf."),
    ] = "peft",
    gguf: Annotated[str | None, typer.Option(help="Your GGUF file of the model that sleeps.")] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where the model would be harmed.")] = False,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Write the language model with what it has learned, for other programs; its harm is measured before."""
    with _open(folder, user) as memory:
        done = memory.export_model(out, form, gguf=gguf, anyway=anyway)
    if as_json:
        typer.echo(json.dumps(done))
        return
    typer.echo(f"{done['folder']}: {done['said']} of {done['facts']} facts are said, rank {done['rank']}.")
    for one in done["harm"]:
        typer.echo(f"Harm: {one}.")


@app.command()
def serve(
    folder: Place,
    http: Annotated[
        int | None, typer.Option(metavar="PORT", help="Serve over HTTP on this port (0: any that is free) instead.")
    ] = None,
    host: Annotated[str, typer.Option(help="With --http: the address to listen on.")] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(envvar="REVERIE_TOKEN", help="With --http: what clients must know. [default: a new one]"),
    ] = None,
    served_as: Annotated[
        list[str] | None, typer.Option("--served-as", help="With --http: further host names under which it is reached.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Under which what is remembered is kept. [default: assistant; of REST, user]")
    ] = None,
    untrusted: Annotated[bool, typer.Option("--untrusted", help="Whatever is remembered is hearsay.")] = False,
    encoder: Encoder = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Give assistants the memory, over the Model Context Protocol on standard input and output.

    With --http: one local service with that protocol at /mcp, REST under /api, and a page to look at the memory.
    """
    if http is not None:
        _serve_http(
            folder, user, encoder, source or "user", not untrusted, as_json, host, http, token, tuple(served_as or ())
        )
        return
    try:
        from reverie.language.short_lines import ShortLines
        from reverie.language.tools import tools_of
    except ImportError:
        raise MissingData("This needs a package that is not installed. Run: pip install 'reverie[mcp]'") from None
    with _open(folder, user, encoder=encoder, create=True) as memory:
        # Open until the process ends: closing would wait for whoever reads from it.
        lines = ShortLines(open(sys.stdin.fileno(), "rb", closefd=False))  # noqa: SIM115
        sys.stdin = io.TextIOWrapper(io.BufferedReader(lines), encoding="utf-8")
        tools_of(memory, source=source or "assistant", trusted=not untrusted).run("stdio")


@app.command()
def proxy(
    folder: Place,
    upstream: Annotated[str, typer.Option(help="The language model's interface, as http://127.0.0.1:11434/v1.")],
    key: Annotated[str | None, typer.Option(envvar="REVERIE_UPSTREAM_KEY", help="The key that it wants.")] = None,
    tokens: Annotated[int, typer.Option(help="The most that it is told of the memory.")] = 800,
    port: Annotated[int, typer.Option(help="0: any that is free.")] = 8002,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(envvar="REVERIE_TOKEN", help="What chat programs give as their key. [default: a new one]"),
    ] = None,
    served_as: Annotated[
        list[str] | None, typer.Option("--served-as", help="Further host names under which it is reached.")
    ] = None,
    encoder: Encoder = None,
    user: User = None,
    as_json: Json = False,
) -> None:
    """Put the memory between a chat program and a language model, by OpenAI's interface at /v1.

    What is known is told to the model before each answer; what the user says is remembered.
    """
    try:
        from reverie.server import serve_proxy
    except ImportError:
        raise MissingData(
            "The service needs packages that are not installed. Run: pip install 'reverie[serve]'"
        ) from None

    def ready(address: str) -> None:
        base, _, known = address.partition("/#token=")
        if as_json:
            typer.echo(json.dumps({"address": f"{base}/v1", "token": known}))
        else:
            typer.echo(f"Chat programs: base address {base}/v1, key {known}\nCtrl-C stops it.")

    serve_proxy(
        lambda: _open(folder, user, encoder=encoder, create=True),
        upstream=upstream,
        key=key,
        tokens=tokens,
        host=host,
        port=port,
        token=token,
        hosts=tuple(served_as or ()),
        ready=ready,
    )


def _serve_http(
    folder: str,
    user: str | None,
    encoder: str | None,
    source: str,
    trusted: bool,
    as_json: bool,
    host: str,
    port: int,
    token: str | None,
    hosts: tuple[str, ...],
) -> None:
    try:
        from reverie.server import serve_memory
    except ImportError:
        raise MissingData(
            "The service needs packages that are not installed. Run: pip install 'reverie[serve,mcp]'"
        ) from None

    def ready(address: str) -> None:
        typer.echo(json.dumps({"address": address}) if as_json else f"Open {address}\nCtrl-C stops it.")

    serve_memory(
        lambda: _open(folder, user, encoder=encoder, create=True),
        source=source,
        trusted=trusted,
        host=host,
        port=port,
        token=token,
        hosts=hosts,
        ready=ready,
    )


def _open(
    folder: str, user: str | None, *, encoder: str | None = None, capacity: int | None = None, create: bool = False
) -> "LanguageMemory":
    from reverie.language.users import open_memory

    return open_memory(folder, user=user, encoder=encoder, capacity=capacity, create=create)


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadData(f"Standard input is not UTF-8 (byte {error.start}). Convert it first.") from None


def _one(episode: "Episode") -> dict[str, Any]:
    from reverie.language.lines import line_of

    return line_of(episode)


def _all(episodes: "list[Episode]") -> list[dict[str, Any]]:
    return [_one(one) for one in episodes]


def _when(one: "Episode") -> str:
    """Since when, where that is not when it was said."""
    since = "" if one.valid_from == one.heard else f" from {one.valid_from:%Y-%m-%d}"
    return since + ("" if one.valid_to is None else f" until {one.valid_to:%Y-%m-%d}")


def _line(text: str) -> str:
    """A text in one line, and not all of a long one."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"
