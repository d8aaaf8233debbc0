"""What operators on images compute, in plain numpy.

Images are NHWC here, weights [outputs, height, width, inputs of a group].
"""

from __future__ import annotations

import numpy as np

from bench.engines import Values
from lut.ops import OpSpec, Window

__all__ = [
    "average_pool",
    "convolve",
    "deconvolve",
    "depth_to_space",
    "max_pool",
    "resize_bilinear",
    "resize_nearest",
]


def convolve(x: Values, weight: Values, window: Window, group: int) -> Values:
    """Slide a window over an image of zeros around it, each group of channels for itself."""
    padded = _pad(x, window.pads, 0.0)
    height, width = window.slide((x.shape[1], x.shape[2]))
    result = np.zeros((x.shape[0], height, width, weight.shape[0]))
    inputs, outputs = x.shape[3] // group, weight.shape[0] // group
    for row, column, part in _list_steps(padded, window, (height, width)):
        for number in range(group):
            own = part[..., number * inputs : (number + 1) * inputs]
            kernel = weight[number * outputs : (number + 1) * outputs, row, column, :]
            result[..., number * outputs : (number + 1) * outputs] += own @ kernel.T
    return result


def _list_steps(padded: Values, window: Window, space: tuple[int, int]) -> list[tuple[int, int, Values]]:
    """Give for each place of the window what it sees there at every step."""
    (down, across), (high, wide) = window.stride, window.dilation
    return [
        (
            row,
            column,
            padded[
                :,
                row * high : row * high + (space[0] - 1) * down + 1 : down,
                column * wide : column * wide + (space[1] - 1) * across + 1 : across,
            ],
        )
        for row in range(window.kernel[0])
        for column in range(window.kernel[1])
    ]


def _pad(x: Values, pads: tuple[int, int, int, int], value: float) -> Values:
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def deconvolve(x: Values, weight: Values, window: Window, group: int, space: tuple[int, int]) -> Values:
    """Add each pixel's share of an image of that height and width.

    Weights are [inputs, height, width, outputs of a group].
    """
    (down, across), (top, left, _, _) = window.stride, window.pads
    _, height, width, channels = x.shape
    outputs = weight.shape[3]
    inputs = channels // group
    full = np.zeros(
        (
            x.shape[0],
            max((height - 1) * down + window.kernel[0], top + space[0]),
            max((width - 1) * across + window.kernel[1], left + space[1]),
            outputs * group,
        )
    )
    for row in range(window.kernel[0]):
        for column in range(window.kernel[1]):
            for number in range(group):
                own = x[..., number * inputs : (number + 1) * inputs]
                kernel = weight[number * inputs : (number + 1) * inputs, row, column, :]
                full[
                    :,
                    row : row + (height - 1) * down + 1 : down,
                    column : column + (width - 1) * across + 1 : across,
                    number * outputs : (number + 1) * outputs,
                ] += own @ kernel
    return full[:, top : top + space[0], left : left + space[1]]


def max_pool(x: Values, window: Window) -> Values:
    """Take the largest value in each window."""
    space = window.slide((x.shape[1], x.shape[2]))
    steps = _list_steps(_pad(x, window.pads, -np.inf), window, space)
    return np.asarray(np.max([part for _, _, part in steps], axis=0))


def average_pool(x: Values, window: Window) -> Values:
    """Average each window; what lies outside the image does not count."""
    space = window.slide((x.shape[1], x.shape[2]))
    total = sum(part for _, _, part in _list_steps(_pad(x, window.pads, 0.0), window, space))
    inside = np.ones_like(x)
    count = sum(part for _, _, part in _list_steps(_pad(inside, window.pads, 0.0), window, space))
    return np.asarray(total / count)


def resize_nearest(x: Values, op: OpSpec, space: tuple[int, int]) -> Values:
    """Repeat pixels; the scales are those asked for, not those of the whole sizes."""
    for axis, size, name in zip((1, 2), space, ("height_scale", "width_scale"), strict=True):
        places = (np.arange(size) / op.arg(name, 1.0)).astype(int)
        x = np.asarray(x.take(np.minimum(places, x.shape[axis] - 1), axis))
    return x


def resize_bilinear(x: Values, space: tuple[int, int]) -> Values:
    """Interpolate between the centers of pixels."""
    for axis, size in zip((1, 2), space, strict=True):
        old = x.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, old - 1)
        share = (places - low).reshape([-1 if each == axis else 1 for each in range(4)])
        x = x.take(low, axis) * (1 - share) + x.take(high, axis) * share
    return x


def depth_to_space(x: Values, block: int) -> Values:
    """Spread the channels of each pixel over a block of pixels, the first of them over its first row."""
    batch, height, width, channels = x.shape
    apart = x.reshape(batch, height, width, block, block, channels // block**2)
    return apart.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * block, width * block, -1)
