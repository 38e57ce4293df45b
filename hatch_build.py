"""Compiles the kernels into the wheel where there is a C compiler; without one it is pure Python and as correct."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path("src/reverie/native/kernels.c")
TARGET = SOURCE.with_name("kernels.shared")  # not .so: it is no module of Python
FLAGS = "-O3 -fPIC -shared -std=gnu11 -ffp-contract=off -fno-math-errno -fno-trapping-math"


class KernelsHook(BuildHookInterface):  # type: ignore[misc]
    """`pip install` never fails for want of a compiler."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        (root / TARGET).unlink(missing_ok=True)
        if sys.platform != "linux" or os.environ.get("REVERIE_PURE") or not self._compiled(root):
            return
        build_data["artifacts"].append(f"/{TARGET}")
        build_data["pure_python"] = False
        # In the containers of manylinux, where cibuildwheel builds, the platform is theirs; elsewhere this machine's.
        platform_ = os.environ.get("AUDITWHEEL_PLAT") or sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform_}"

    def _compiled(self, root: Path) -> bool:
        compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            self.app.display_warning("No C compiler: the kernels are left out, PyTorch's operations take their place.")
            return False
        wide = ["-mprefer-vector-width=512"] if platform.machine() == "x86_64" else []
        words = [*shlex.split(compiler), *FLAGS.split(), *wide, str(SOURCE), "-o", str(TARGET), "-lm"]
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            self.app.display_warning(f"The kernels are left out, they could not be compiled: {done.stderr[:500]}")
        return done.returncode == 0
