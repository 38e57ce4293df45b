"""Every named stream satisfies every check, in every scenario."""

import pytest

from reverie import checks, streams
from reverie.errors import MissingData, UnknownName

SMALL = {"permuted-mnist": {"permutations": 2}}


@pytest.mark.parametrize("scenario", ["class", "task", "domain"])
@pytest.mark.parametrize("name", streams.FACTORIES)
def test_checks(name, scenario):
    if name == "split-cifar10" and scenario != "class":
        pytest.skip("the cut is that of split-mnist; once is enough for 180 MB")
    try:
        stream = streams.make(name, scenario=scenario, **SMALL.get(name, {}))
    except MissingData as error:
        pytest.skip(str(error))
    checks.check_stream(lambda: stream)


def test_unknown_names_list_the_known():
    with pytest.raises(UnknownName, match="Did you mean 'split-mnist'"):
        streams.make("splt-mnist")


def test_every_factory_is_exported():
    assert {name.replace("-", "_") for name in streams.FACTORIES} <= set(streams.__all__)
