"""Spiking layers beside snnTorch, SpikingJelly, Norse and Sinabs, on one core, contestants taken in turns.

The same layer everywhere: 512 → 512 synapses, u = 0.9 v + I, a spike where u ≥ 1, soft reset, arctan surrogate; input
of ten per cent spikes. That spikes and gradients are the same is asserted before anything is timed. Peers that are not
installed are left out and named: `pip install snntorch spikingjelly sinabs norse`. The floor of a layer is the time of
its matrix product alone.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median, stdev
from typing import Any

import torch
from torch import Tensor, nn

from common import ALLOCATOR, Claim, arguments, finish, one_thread
from reverie import native
from reverie.functional import event_linear
from reverie.layers import SpikingDense, lif

N = 512
BETA = 0.9
DENSITY = 0.1
Layer = Callable[[Tensor], Tensor]
"""Spikes [T, B, N] in, spikes out."""


def weights() -> tuple[Tensor, Tensor]:
    """Synapses with which some ten per cent of the neurons fire in a step, none so strongly that it is reset twice."""
    source = torch.Generator().manual_seed(0)
    return 0.025 * torch.randn(N, N, generator=source) + 0.003, torch.zeros(N)


def spikes_in(steps: int, batch: int, density: float = DENSITY) -> Tensor:
    return (torch.rand(steps, batch, N, generator=torch.Generator().manual_seed(1)) < density).float()


def linear(scale: float = 1.0) -> nn.Linear:
    layer = nn.Linear(N, N)
    with torch.no_grad():
        layer.weight.copy_(scale * weights()[0])
        layer.bias.copy_(scale * weights()[1])
    return layer


# contestants: each gives (layer, the parameter whose gradient is compared, by how much its weights are scaled)


def ours(**options: Any) -> tuple[Layer, Tensor, float]:
    layer = SpikingDense(N, N, lif(beta=BETA), generator=torch.Generator(), **options)
    with torch.no_grad():
        layer.weight.copy_(weights()[0])
        layer.bias.copy_(weights()[1])
    return lambda x: layer(x)[0], layer.weight, 1.0


def dense_node() -> tuple[Layer, Tensor, float]:
    """Ours with the product always dense: what the neurons cost beside their matrix product."""
    synapses, cells = linear(), lif(beta=BETA)
    return lambda x: cells(synapses(x))[0], synapses.weight, 1.0


def plain_loop() -> tuple[Layer, Tensor, float]:
    """As in a tutorial: a loop over time with the product inside."""
    from reverie.functional import SURROGATES, step_function

    synapses = linear()

    def run(x: Tensor) -> Tensor:
        v, out = torch.zeros(x.shape[1], N), []
        for now in x.unbind():
            u = BETA * v + synapses(now)
            s = step_function(u - 1, SURROGATES["arctan"])
            v = u - s
            out.append(s)
        return torch.stack(out)

    return run, synapses.weight, 1.0


def snntorch_layer() -> tuple[Layer, Tensor, float]:
    import snntorch
    from snntorch import surrogate

    synapses = linear()
    cell = snntorch.Leaky(
        beta=BETA, spike_grad=surrogate.atan(alpha=2.0), reset_mechanism="subtract", reset_delay=False
    )

    def run(x: Tensor) -> Tensor:
        membrane, out = cell.init_leaky(), []
        for now in x.unbind():
            spikes, membrane = cell(synapses(now), membrane)
            out.append(spikes)
        return torch.stack(out)

    return run, synapses.weight, 1.0


def spikingjelly_layer() -> tuple[Layer, Tensor, float]:
    from spikingjelly.activation_based import functional, neuron, surrogate

    synapses = linear()
    cell = neuron.LIFNode(
        tau=1 / (1 - BETA), decay_input=False, v_reset=None, surrogate_function=surrogate.ATan(alpha=2.0), step_mode="m"
    )

    def run(x: Tensor) -> Tensor:
        functional.reset_net(cell)
        out: Tensor = cell(synapses(x))
        return out

    return run, synapses.weight, 1.0


def norse_layer() -> tuple[Layer, Tensor, float]:
    import norse.torch as norse
    from norse.torch.functional.lif_box import LIFBoxParameters
    from norse.torch.functional.reset import reset_subtract

    scale = 1 / (1 - BETA)  # it multiplies its input by dt / tau
    synapses = linear(scale)
    rate = torch.tensor((1 - BETA) * 1000)
    cell = norse.LIFBoxCell(
        LIFBoxParameters(tau_mem_inv=rate, method="super", reset_method=reset_subtract),
        dt=0.001,
    )

    def run(x: Tensor) -> Tensor:
        state, out = None, []
        for now in x.unbind():
            spikes, state = cell(synapses(now), state)
            out.append(spikes)
        return torch.stack(out)

    return run, synapses.weight, scale


def sinabs_layer() -> tuple[Layer, Tensor, float]:
    import math

    import sinabs.activation as activation
    import sinabs.layers as sinabs

    class Arctan:
        def __call__(self, v: Tensor, threshold: float) -> Tensor:
            return 1 / (1 + (torch.pi * (v - threshold)).square())

    synapses = linear()
    cell = sinabs.LIF(
        tau_mem=-1 / math.log(BETA),
        spike_fn=activation.SingleSpike,
        reset_fn=activation.MembraneSubtract(),
        surrogate_grad_fn=Arctan(),
        norm_input=False,
    )

    def run(x: Tensor) -> Tensor:
        cell.reset_states()
        out: Tensor = cell(synapses(x).transpose(0, 1)).transpose(0, 1)
        return out

    return run, synapses.weight, 1.0


CONTESTANTS: dict[str, Callable[[], tuple[Layer, Tensor, float]]] = {
    "ours": ours,
    "ours, dense product": dense_node,
    "plain loop": plain_loop,
    "snnTorch": snntorch_layer,
    "SpikingJelly": spikingjelly_layer,
    "Norse": norse_layer,
    "Sinabs": sinabs_layer,
}
OWN_SURROGATE = ("Norse",)  # has no arctan


def field() -> dict[str, tuple[Layer, Tensor, float]]:
    """The contestants that are here, each of which gives the spikes and gradients that ours gives."""
    made = {}
    for name, make in CONTESTANTS.items():
        try:
            made[name] = make()
        except ImportError as missing:
            print(f"{name} is left out: {missing}")
    x = spikes_in(20, 4)
    upstream = torch.randn(20, 4, N, generator=torch.Generator().manual_seed(2))
    wanted: dict[str, Tensor] = {}
    for name, (layer, weight, scale) in made.items():
        weight.grad = None
        out = layer(x)
        (out * upstream).sum().backward()
        found = {"spikes": out.detach(), "gradient": torch.as_tensor(weight.grad) * scale}
        if not wanted:
            wanted.update(found)
        differing = float((found["spikes"] != wanted["spikes"]).float().mean())
        assert differing < 1e-4, f"{name}: {differing:.2%} of the spikes differ"
        off = float((found["gradient"] - wanted["gradient"]).norm() / wanted["gradient"].norm())
        if name in OWN_SURROGATE:
            print(f"{name}: spikes equal; its gradient is that of another surrogate")
            continue
        print(f"{name}: spikes equal, gradients {off:.1e} apart")
        assert off < 1e-4, f"{name}: gradients are {off:.2e} apart"
    print(f"{float(wanted['spikes'].mean()):.1%} of the neurons fire")
    return made


def rounds(contestants: dict[str, Callable[[], object]], n: int) -> dict[str, list[float]]:
    """Seconds of each, taken in turns; the first turn is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(n + 1):
        for name, act in contestants.items():
            began = time.perf_counter()
            act()
            if turn:
                taken[name].append(time.perf_counter() - began)
    return taken


def ratio(times: dict[str, list[float]], name: str, base: str) -> tuple[float, float]:
    """Median and spread over rounds of name / base."""
    each = [a / b for a, b in zip(times[name], times[base], strict=True)]
    return median(times[name]) / median(times[base]), stdev(each) if len(each) > 1 else 0.0


def main() -> None:
    options = arguments("Spiking layers beside their peers.")
    one_thread()
    warnings.simplefilter("ignore")
    command = f"{ALLOCATOR} python benchmarks/spiking.py{' --quick' if options.quick else ''}"
    claims: list[Claim] = []

    def say(
        text: str,
        value: tuple[float, float],
        bound: float | None,
        way: str,
        beside: dict[str, float],
        unit: str = "ratio",
    ) -> None:
        direction = way if bound is not None else "="
        claims.append(Claim(text, value[0], unit, bound, direction, [0], value[1], command, beside))

    made = field()
    turns = 3 if options.quick else 9
    for steps, batch in [(16, 16)] if options.quick else [(100, 16), (16, 16), (16, 128), (100, 128)]:
        x, upstream = spikes_in(steps, batch), torch.randn(steps, batch, N)
        alone = linear()
        runners = {name: (layer, weight) for name, (layer, weight, _) in made.items()}
        runners["product alone"] = alone, alone.weight

        def forward(layer: Layer, x: Tensor) -> Tensor:
            with torch.no_grad():
                return layer(x)

        def both(layer: Layer, weight: Tensor, x: Tensor, upstream: Tensor) -> None:
            weight.grad = None
            layer(x).backward(upstream)

        ways: dict[str, dict[str, Callable[[], object]]] = {
            "forward": {name: partial(forward, layer, x) for name, (layer, _) in runners.items()},
            "forward and backward": {name: partial(both, *runner, x, upstream) for name, runner in runners.items()},
        }
        for way, contestants in ways.items():
            times = rounds(contestants, turns)
            beside = {f"{name}, ms": 1000 * median(taken) for name, taken in times.items()}
            strict = (steps, batch, way) == (100, 16, "forward and backward")
            title = f"Linear({N}, {N}) + LIF, T = {steps}, batch {batch}, {way}"
            for peer, least in (("SpikingJelly", 2.0), ("snnTorch", 3.0), ("Norse", None), ("Sinabs", None)):
                if peer in times:
                    say(f"{title}: {peer} / ours", ratio(times, peer, "ours"), least if strict else None, ">=", beside)
            node = ratio(times, "ours, dense product", "product alone")
            say(
                f"{title}: ours with a dense product / that product alone", node, 1.15 if strict else None, "<=", beside
            )
    step_by_step(say, turns)
    products(say, turns)
    finish(claims, options)


def step_by_step(say: Callable[..., None], turns: int) -> None:
    """One sample, one step of the layer at a time, as a device takes it."""
    layer = SpikingDense(N, N, lif(beta=BETA), generator=torch.Generator().manual_seed(0))
    step, x = layer.stepper(), spikes_in(1000, 1)
    samples, spikes = [now[0] for now in x], torch.empty(N)

    def ours_steps() -> None:
        for now in samples:
            step(now, out=spikes)

    contestants: dict[str, Callable[[], object]] = {"ours": ours_steps}
    try:
        import snntorch

        synapses, cell = linear(), snntorch.Leaky(beta=BETA)

        @torch.no_grad()
        def snntorch_steps() -> None:
            v = cell.init_leaky()
            for now in x.unbind():
                _, v = cell(synapses(now), v)

        contestants["snnTorch"] = snntorch_steps
    except ImportError:
        pass
    try:
        from spikingjelly.activation_based import functional, neuron

        jelly, node = linear(), neuron.LIFNode(tau=1 / (1 - BETA), decay_input=False, v_reset=None)

        @torch.no_grad()
        def jelly_steps() -> None:
            functional.reset_net(node)
            for now in x.unbind():
                node(jelly(now))

        contestants["SpikingJelly"] = jelly_steps
    except ImportError:
        pass
    times = rounds(contestants, turns)
    beside = {f"{name}, µs per step": 1e3 * median(taken) for name, taken in times.items()}
    for peer in ("snnTorch", "SpikingJelly"):
        if peer in times:
            value = ratio(times, peer, "ours")
            say(f"batch 1, one step, {DENSITY:.0%} spikes: {peer} / ours", value, 40.0, ">=", beside)


def products(say: Callable[..., None], turns: int) -> None:
    """A product with events beside the dense one."""
    weight = weights()[0]
    columns = weight.t().contiguous()
    for density, least in ((0.01, 8.0), (0.05, None), (0.1, 3.0), (0.2, None), (0.4, None), (1.0, None)):
        x = spikes_in(100, 16, density).view(-1, N)
        contestants: dict[str, Callable[[], object]] = {
            "dense": partial(torch.nn.functional.linear, x, weight),
            "dispatched": partial(event_linear, x, weight),
        }
        if native.available():
            contestants["events"] = partial(native.event_product, x, columns)
        times = rounds(contestants, 2 * turns)
        beside = {f"{name}, ms": 1000 * median(taken) for name, taken in times.items()}
        title = f"product of {density:.0%} events, 1600 rows, {N} → {N}"
        if "events" in times:
            say(f"{title}: dense / events", ratio(times, "dense", "events"), least, ">=", beside)
        say(f"{title}: dispatched / dense", ratio(times, "dispatched", "dense"), 1.05, "<=", beside)


if __name__ == "__main__":
    main()
