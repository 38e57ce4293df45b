"""What the tests of the service share: pictures as clients send them, and a service in a process of its own."""

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

TOKEN = "a-token-for-the-tests"
X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)


def png(pixels):
    """A picture as clients send it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


class Process:
    """`reverie brain serve`, `memory serve` or `memory proxy`, in a process of its own."""

    def __init__(self, folder: Path, *options: str, what: str = "brain", verb: str = "serve") -> None:
        port = "--http" if (what, verb) == ("memory", "serve") else "--port"
        command = [sys.executable, "-m", "reverie", what, verb, str(folder), port, "0", "--json", *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "REVERIE_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.said: str | None = None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(900)
            raise AssertionError(self.end())
        self.page = json.loads(line)["address"]
        self.address = self.page.partition("/#")[0]

    def end(self) -> str:
        """Kill it, if it lives; what it said on standard error."""
        if self.said is None:
            self.process.kill()
            self.said = self.process.communicate(timeout=900)[1]
        return self.said
