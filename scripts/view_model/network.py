"""The network: six small convolution stages over the planes of `edge.footage.view_planes`, about 104 000 parameters."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from edge.footage.view_planes import HEIGHT, PLANES, WIDTH
from view_model.tampering import CLASSES

_OPSET = 17


def _stage(before: int, after: int, *, stride: int, separable: bool) -> nn.Sequential:
    if not separable:
        return nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
        )
    return nn.Sequential(
        nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False),
        nn.BatchNorm2d(before),
        nn.ReLU(inplace=True),
        nn.Conv2d(before, after, 1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


class ViewNetwork(nn.Module):
    """Scores (n, 6) of planes float32 (n, 4, 54, 96) scaled to about -2..2."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            _stage(PLANES, 24, stride=2, separable=False),
            _stage(24, 48, stride=1, separable=False),
            _stage(48, 64, stride=2, separable=True),
            _stage(64, 96, stride=1, separable=False),
            _stage(96, 128, stride=2, separable=True),
            _stage(128, 128, stride=2, separable=True),
        )
        self.dropout = nn.Dropout(0.2)
        self.judge = nn.Linear(256, len(CLASSES))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """The scores before the softmax."""
        seen = self.stages(planes)
        return self.judge(self.dropout(torch.cat([seen.mean(dim=(2, 3)), seen.amax(dim=(2, 3))], dim=1)))


def scaled(planes: torch.Tensor) -> torch.Tensor:
    """Planes uint8 (n, 54, 96, 4) as the network's own input."""
    return (planes.permute(0, 3, 1, 2).float() - 127.5) / 64.0


class Shipped(nn.Module):
    """What is shipped: planes uint8 (n, 54, 96, 4) in, probabilities float32 (n, 6) out.

    The mean over the picture and its mirror image, which are equally likely: fewer false alarms at no size.
    """

    def __init__(self, network: ViewNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Probabilities in the order of CLASSES."""
        seen = scaled(planes)
        straight, mirrored = (torch.softmax(self.network(each), dim=1) for each in (seen, torch.flip(seen, [3])))
        return (straight + mirrored) / 2


def export(network: ViewNetwork, path: Path) -> None:
    """Write the network as ONNX, one file, any number of pictures at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    example = torch.zeros((1, HEIGHT, WIDTH, PLANES), dtype=torch.uint8)
    torch.onnx.export(
        Shipped(network).eval(),
        (example,),
        str(path),
        input_names=["planes"],
        output_names=["probabilities"],
        dynamic_axes={"planes": {0: "n"}, "probabilities": {0: "n"}},
        opset_version=_OPSET,
        dynamo=False,
    )
