"""FBNet's table of layers and blocks, against the figures that are known of it."""

import itertools

import pytest

from lut.spaces import BLOCKS, RESOLUTIONS, list_layers, surroundings
from lut.spaces.fbnet_layers import FbnetBlock, FbnetLayer


def test_there_are_22_layers_of_which_12_differ() -> None:
    layers = list_layers(224)
    assert (len(layers), len(set(layers))) == (22, 12)
    assert layers[0] == FbnetLayer("0_0", 16, 16, 112, 1)
    assert layers[1] == FbnetLayer("1_0", 16, 24, 112, 2)
    assert layers[-1] == FbnetLayer("6_0", 184, 352, 7, 1)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_layers_follow_on_one_another_to_a_32nd_of_the_image(resolution: int) -> None:
    layers = list_layers(resolution)
    assert layers[0].in_channels == surroundings(resolution).stem
    for layer, following in itertools.pairwise(layers):
        assert (layer.out_channels, layer.size // layer.stride) == (following.in_channels, following.size)
    assert layers[-1].size // layers[-1].stride == resolution // 32


def test_a_layer_that_changes_nothing_can_be_skipped_for_free() -> None:
    first, second = list_layers(224)[:2]
    assert first.keeps_shape
    assert not second.keeps_shape


def test_eight_blocks_stand_beside_the_skip() -> None:
    assert len(set(BLOCKS)) == 8
    assert FbnetBlock(3, 1, 2).name == "k3_e1_g2"
    assert FbnetBlock(5, 6).name == "k5_e6"
