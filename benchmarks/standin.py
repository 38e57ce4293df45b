"""Import a peer that asks for a package which it does not need for what is measured, and which is not here."""

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from unittest.mock import MagicMock

__all__ = ["stand_in_for"]


class _StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] != self.package:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module: ModuleType = MagicMock(name=spec.name)
        module.__name__, module.__path__, module.__file__ = spec.name, [], spec.name
        return module

    def exec_module(self, module: ModuleType) -> None:
        return


def stand_in_for(package: str) -> None:
    """From now on the package can be imported, and does nothing."""
    sys.meta_path.insert(0, _StandIn(package))
