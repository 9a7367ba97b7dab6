"""The network that says whether a camera sees: one thread, loaded at the first picture, once for each worker."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.footage.view_planes import HEIGHT, PLANES, WIDTH
from edge.platform.shipped import shipped

MODEL_FILE = "models/view.onnx"
CLASSES = ("clear", "covered", "dark", "defocused", "glare", "corrupt")
"""The order of the network's answers."""


class ViewModel:
    """The shipped network. `name`: "view@" and the SHA-256 of its file, as manifests carry it."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # an arena keeps what it once took; a worker has little
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.name = f"{path.stem}@{hashlib.sha256(data).hexdigest()}"

    def chances(self, planes: NDArray[np.uint8]) -> tuple[float, ...]:
        """p of each of CLASSES for planes uint8 (54, 96, 4) of one picture."""
        if planes.shape != (HEIGHT, WIDTH, PLANES) or planes.dtype != np.uint8:
            raise ValueError(f"the network takes uint8 {(HEIGHT, WIDTH, PLANES)}, not {planes.dtype} {planes.shape}")
        answer = self._session.run(None, {self._input: planes[np.newaxis]})[0]
        return tuple(float(chance) for chance in answer[0])


@cache
def view_model() -> ViewModel:
    """The shipped network, loaded once. Raises FileNotFoundError where the installation lacks it."""
    return ViewModel(shipped(MODEL_FILE))
