import torch

from reverie.brain.hashes import hashes


def test_a_hash_depends_on_the_row_alone_and_on_all_of_it() -> None:
    rows = torch.randint(0, 256, (5000, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = hashes(rows, torch.Generator().manual_seed(1))
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(2))
    assert torch.equal(hashes(rows[order], torch.Generator().manual_seed(1)), found[order])
    for column in range(6):
        changed = rows.clone()
        changed[:, column] += 1
        assert not bool((hashes(changed, torch.Generator().manual_seed(1)) == found).any())
    assert not torch.equal(hashes(rows, torch.Generator().manual_seed(3)), found)


def test_hashes_are_evenly_spread() -> None:
    rows = torch.arange(20_000)[:, None].expand(-1, 2)
    shares = (hashes(rows, torch.Generator().manual_seed(0)) & 15).bincount().double() / 20_000
    assert float((shares - 1 / 16).abs().max()) < 0.01


def test_no_row_has_no_hash() -> None:
    assert hashes(torch.zeros(0, 3, dtype=torch.uint8), torch.Generator()).shape == (0,)
