"""A layer of competing cells which learn their receptive fields: sparse coding with a dictionary.

Coding is `reverie.functional.lca.compete`, learning is Hebb's rule on what the code leaves unexplained. On patches of
natural pictures the fields become small edges, as in the primary visual cortex.

Reference: Olshausen & Field, 1996, Nature 381; Rozell et al., 2008, Neural Computation 20.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.functional.lca import compete, dictionary_step, lasso_objective

__all__ = ["SparseCoding"]


class SparseCoding(nn.Module):
    """Samples to their sparse codes.

    Parameters
    ----------
    n_in, atoms : int
        Values of a sample, and number of cells.
    penalty : float
        λ, more than 0: the larger, the sparser.
    steps : int
        Steps of the competition at most.
    tolerance : float
        When the cells rest; see `compete`.
    generator : torch.Generator
        Source of the first receptive fields.

    Examples
    --------
    >>> layer = SparseCoding(4, 6, generator=torch.Generator().manual_seed(0))
    >>> x = torch.eye(4)
    >>> layer(x).shape, layer.learn(x) > layer.learn(x)
    (torch.Size([4, 6]), True)
    """

    dictionary: Tensor

    def __init__(
        self,
        n_in: int,
        atoms: int,
        *,
        penalty: float = 0.1,
        steps: int = 300,
        tolerance: float = 1e-4,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if not penalty > 0:
            raise BadData(f"penalty is {penalty}. Expected a number above 0.")
        self.penalty, self.steps, self.tolerance = penalty, steps, tolerance
        first = torch.randn(atoms, n_in, generator=generator)
        self.register_buffer("dictionary", nn.functional.normalize(first))

    def forward(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n atoms"]:
        return compete(x, self.dictionary, penalty=self.penalty, steps=self.steps, tolerance=self.tolerance).code

    @torch.no_grad()
    def learn(self, x: Float[Tensor, "n n_in"], *, rate: float = 1.0) -> float:
        """One Hebbian step on the samples' mean; the LASSO objective before it, mean over the samples.

        Cells that stay silent learn nothing. `imprint` gives them something to say.
        """
        code = self(x)
        before = lasso_objective(x, self.dictionary, code, penalty=self.penalty).mean()
        self.dictionary.copy_(dictionary_step(self.dictionary, x, code, rate=rate))
        return float(before)

    @torch.no_grad()
    def imprint(self, x: Float[Tensor, "n n_in"], *, generator: torch.Generator) -> None:
        """Take random samples, brought to length one, for receptive fields: a start at which no cell is silent."""
        lengths = x.norm(dim=1)
        sights = x[lengths > 0]
        if len(sights) < len(self.dictionary):
            raise BadData(f"{len(sights)} samples that are not zero for {len(self.dictionary)} fields. Expected more.")
        chosen = torch.randperm(len(sights), generator=generator)[: len(self.dictionary)]
        self.dictionary.copy_(nn.functional.normalize(sights[chosen]))
