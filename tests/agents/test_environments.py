import pytest

from reverie.agents import environment
from reverie.errors import BadData, UnknownName


def test_an_environment_by_name() -> None:
    made = environment("CartPole-v1")
    assert made.reset(seed=0)[0].shape == (4,)
    made.close()


@pytest.mark.parametrize("name", ["os:CartPole-v1", "corridor:Corridor-v0", ":"])
def test_no_module_is_imported_by_a_name(name: str) -> None:
    with pytest.raises(BadData, match="registered name"):
        environment(name)


def test_an_unknown_name_says_which_is_near() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'CartPole-v1'"):
        environment("CartPol-v1")


def test_numbers_without_order_are_laid_out_in_a_row() -> None:
    made = environment("FrozenLake-v1")
    assert made.reset(seed=0)[0].shape == (16,)
    made.close()
