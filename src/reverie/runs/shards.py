"""One brain learns from many machines: each makes the sums of its shard, and sums add up exactly.

The result is the brain that one machine would have made in one pass. A worker that dies is replaced, and its shard is
done again; a shard counts once, when its sums have arrived.
"""

from typing import Any

from reverie.brain import Brain, Learned, shard_sums
from reverie.contracts import State
from reverie.errors import BadData
from reverie.runs.cluster import cluster

__all__ = ["learn_in_shards"]


def learn_in_shards(brain: Brain, x: Any, y: Any, *, address: str, shards: int = 4) -> Learned:
    """Learn labelled samples in shards on a Ray cluster, as one durable change.

    Parameters
    ----------
    address : str
        Of the cluster, or "local".
    shards : int
        Tasks into which the samples are cut, in their order.
    """
    if shards < 1:
        raise BadData(f"shards is {shards}. Expected at least 1.")
    senses, own = brain.ready(x, y), brain.mind.senses.own
    handed = {} if own is None else {"encoder": own.given}
    size = -(-len(y) // shards)
    with cluster(address) as ray:
        remote = ray.remote(num_cpus=1, max_retries=10)(shard_sums)
        shared = ray.put(senses)
        tasks = [remote.remote(shared, x[i : i + size], y[i : i + size], **handed) for i in range(0, len(y), size)]
        parts: list[State] = ray.get(tasks)
    return brain.learn_sums(parts)
