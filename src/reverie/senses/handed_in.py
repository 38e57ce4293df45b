"""A user's own encoder: a torch module that the caller hands in. A brain's folder keeps its digest, never its code.

The same module, or the same function, is handed in whenever the brain is opened. One whose digest differs is refused:
the sums were made of other keys.
"""

import hashlib
from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from reverie.errors import BadData

__all__ = ["OWN", "Own", "OwnEncoder", "digest_of", "digest_of_tensors"]

Own = nn.Module | Callable[[tuple[int, ...]], nn.Module]
"""What may be handed in: a module, or a function of the shape of a sample that returns one."""

OWN = "own"
"""What a brain's folder calls an encoder that was handed in."""


class OwnEncoder:
    """An encoder that was handed in.

    Parameters
    ----------
    given : Module or callable
        A torch module that turns samples into keys; or a function of the shape of a sample that returns one. The
        function returns the same module each time: seed what is random in it.

    Examples
    --------
    >>> own = OwnEncoder(lambda shape: nn.Flatten())
    >>> own.module((2, 3))(torch.zeros(4, 2, 3)).shape
    torch.Size([4, 6])
    """

    def __init__(self, given: Own) -> None:
        if not callable(given):
            raise BadData(
                f"encoder is {given!r}. Expected the name of a built-in encoder, a torch module, or a function that "
                "returns one. A dotted path is not imported: hand in what it names."
            )
        self.given = given

    def module(self, shape: tuple[int, ...]) -> nn.Sequential:
        """The module for samples of a shape, frozen; what was handed in stays as it is.

        It is wrapped, so that nothing prunes or compiles it as it would an encoder of Reverie's.
        """
        made = deepcopy(self.given) if isinstance(self.given, nn.Module) else self.given(shape)
        if not isinstance(made, nn.Module):
            raise BadData(f"The encoder returned {type(made).__name__}. Expected a function that returns a module.")
        return nn.Sequential(made).eval().requires_grad_(False)


def digest_of(wrapped: nn.Sequential) -> tuple[str, str]:
    """Two digests: of the module's tensors, and of these with the names of its classes."""
    (module,) = wrapped
    tensors = digest_of_tensors(module.state_dict())
    classes = " ".join(type(part).__qualname__ for part in module.modules())
    return tensors, hashlib.sha256(f"{classes} {tensors}".encode()).hexdigest()


def digest_of_tensors(state: dict[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes."""
    found = hashlib.sha256()
    for name, value in sorted(state.items()):
        flat = value.detach().cpu().contiguous()
        found.update(f"{name} {flat.dtype} {tuple(flat.shape)} ".encode())
        found.update(flat.reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
