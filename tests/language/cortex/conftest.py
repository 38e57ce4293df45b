"""The small language model within the package, read once."""

import pytest

from reverie.language.cortex.embedded import embedded_model


@pytest.fixture(scope="session")
def embedded():
    return embedded_model()
