import torch

from reverie.contracts import Cost
from reverie.evaluation import count_operations, machine, peak_memory, reset_peak_memory
from reverie.layers import Perceptron


def test_products_forward_and_backward_are_counted():
    """Two layers 6→4→3 on 5 samples: 5·(24+12) forward, weight gradients as many, input gradients of the second."""
    network = Perceptron(6, (4,), torch.Generator().manual_seed(0))
    network.head.grow(3, torch.Generator().manual_seed(0))
    spent = Cost()
    with count_operations(spent):
        network(torch.ones(5, 6)).sum().backward()
    assert spent.macs == 5 * (24 + 12) + 5 * (24 + 12) + 5 * 12


def test_zero_inputs_cost_no_synaptic_operations():
    spent = Cost()
    x = torch.ones(4, 8)
    x[:, ::2] = 0
    with count_operations(spent, times=10):
        x @ torch.ones(8, 2)
    assert (spent.macs, spent.synops) == (640, 320)
    assert spent.bytes_moved == 10 * 4 * (32 + 16 + 8)


def test_peak_memory_sees_an_allocation():
    reset_peak_memory()
    before = peak_memory()
    block = torch.ones(30_000_000)
    assert peak_memory() - before > 60_000_000
    del block


def test_machine_is_named():
    assert {"cpu", "cores", "threads", "torch", "python", "platform"} <= machine().keys()
