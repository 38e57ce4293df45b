import pytest

from reverie.errors import BadData, CorruptFile
from reverie.regions import Router, Switch


def test_one_surprise_is_not_enough() -> None:
    router = Router(threshold=20.0, most=4.0)
    assert router.look([-1000.0, 0.0], [-1.0, -1.0]) is None
    for _ in range(50):
        assert router.look([0.0, -1.0], [-2.0, -2.0]) is None


def test_what_explains_better_becomes_active_from_when_it_did() -> None:
    router = Router(threshold=6.0, most=2.0)
    for _ in range(5):
        assert router.look([0.0, -5.0], [-3.0, -3.0]) is None
    found = [router.look([-5.0, 0.0], [-3.0, -3.0]) for _ in range(3)]
    assert found == [None, None, Switch(1, 3)]
    assert router.active == 1


def test_a_known_region_comes_before_a_new_one() -> None:
    router = Router(threshold=6.0, most=2.0)
    found = [router.look([-100.0, -2.0], [-9.0, -9.0]) for _ in range(3)]
    assert found[-1] == Switch(1, 3)


def test_a_new_one_opens_where_none_explains_what_comes() -> None:
    router = Router(threshold=6.0, most=2.0)
    found = [router.look([-100.0, -90.0], [-1.0, -1.0]) for _ in range(5)]  # the other region is wrong, too
    assert found[:4] == [None] * 4
    assert found[-1] == Switch(2, 5)
    assert router.active == 2


def test_what_is_no_number_is_no_evidence() -> None:
    router = Router(threshold=6.0, most=2.0)
    for _ in range(10):
        assert router.look([float("nan"), 0.0], [0.0, 0.0]) is None


def test_settings_and_states_that_do_not_fit() -> None:
    with pytest.raises(BadData):
        Router(threshold=1.0, most=2.0)
    with pytest.raises(BadData, match="came for 0"):
        Router().look([], [])
    with pytest.raises(CorruptFile):
        Router().load_state_dict({"active": "x"})


def test_a_router_goes_on() -> None:
    one, other = Router(threshold=6.0, most=2.0), Router(threshold=6.0, most=2.0)
    one.look([-5.0, 0.0], [-9.0, -9.0])
    other.load_state_dict(one.state_dict())
    for _ in range(2):
        assert one.look([-5.0, 0.0], [-9.0, -9.0]) == other.look([-5.0, 0.0], [-9.0, -9.0])


def test_a_region_is_dropped() -> None:
    router = Router(threshold=4.0, most=4.0)
    assert router.look([-100.0, -50.0, -2.0], [-9.0, -9.0, -9.0]) == Switch(2, 1)
    router.drop(0)
    assert router.active == 1
    with pytest.raises(BadData, match="is active"):
        router.drop(1)
