"""What a row of a table stands for."""

from lut.zoo import NETS
from lut.zoo.architecture import Block, Naming
from lut.zoo.layers import Conv, Shuffle, Sum, walk_block, walk_net

FBN = Naming("fbn", linear="")


def test_a_block_of_equal_shape_adds_its_input() -> None:
    block = Block("2_1", expansion=3, kernel=5, out_channels=32, stride=1)
    assert walk_block(block, FBN, "fbn2_0", channels=32) == [
        Conv("fbn2_1_pw", "fbn2_0", "fbn2_1_pw", 32, 96, relu=True),
        Conv("fbn2_1_dw", "fbn2_1_pw", "fbn2_1_dw", 96, 96, kernel=5, group=96, relu=True),
        Conv("fbn2_1_pwl", "fbn2_1_dw", "fbn2_1_pwl", 96, 32, ending=""),
        Sum(("fbn2_1_pwl", "fbn2_0"), "fbn2_1"),
    ]


def test_a_block_of_another_shape_adds_nothing_and_its_last_layer_bears_its_name() -> None:
    block = Block("2_0", expansion=6, kernel=3, out_channels=32, stride=2)
    *_, depthwise, last = walk_block(block, FBN, "fbn1_3", channels=24)
    assert depthwise == Conv(
        "fbn2_0_dw", "fbn2_0_pw", "fbn2_0_dw", 144, 144, kernel=3, stride=2, group=144, relu=True
    )
    assert last == Conv("fbn2_0", "fbn2_0_dw", "fbn2_0", 144, 32, ending="")


def test_a_grouped_block_shuffles_between_its_grouped_convolutions() -> None:
    block = Block("3_5", expansion=1, kernel=3, out_channels=112, stride=1, group=2)
    expand, shuffle, depthwise, project, _ = walk_block(block, FBN, "fbn3_4", channels=112)
    assert isinstance(expand, Conv)
    assert isinstance(depthwise, Conv)
    assert isinstance(project, Conv)
    assert (expand.group, depthwise.group, project.group) == (2, 112, 2)
    assert shuffle == Shuffle("fbn3_5_pw", "fbn3_5_shuffle", 2)
    assert depthwise.source == "fbn3_5_shuffle"


def test_stacked_depthwise_convolutions_are_numbered_and_the_first_has_the_stride() -> None:
    block = Block("2_2", expansion=6, kernel=3, out_channels=48, stride=2, depthwise=2)
    _, first, second, _ = walk_block(block, FBN, "fbn2_1", channels=32)
    assert isinstance(first, Conv)
    assert isinstance(second, Conv)
    assert (first.name, first.stride) == ("fbn2_2_dw1", 2)
    assert (second.name, second.stride) == ("fbn2_2_dw2", 1)


def test_a_bare_depthwise_convolution_has_neither_bias_nor_relu() -> None:
    naming = Naming("xif", depthwise_relu=False)
    block = Block("0_0", expansion=1, kernel=3, out_channels=24, stride=1)
    _, depthwise, _ = walk_block(block, naming, "conv0", channels=32)
    assert isinstance(depthwise, Conv)
    assert not depthwise.relu
    assert depthwise.weight == "xif0_0_dw_conv_w"
    assert depthwise.bias is None
    assert depthwise.output == depthwise.before_relu == "xif0_0_dw_conv"


def test_parameters_bear_their_convolutions_name() -> None:
    conv = Conv("conv0", "data", "conv0", 3, 16, kernel=3, stride=2, relu=True)
    assert (conv.weight, conv.bias, conv.before_relu) == ("conv0_conv_w", "conv0_bn_b", "conv0_bn")
    assert conv.fan_in == 27


def test_each_layer_reads_what_the_layers_before_it_wrote() -> None:
    for net in NETS.values():
        for naming in (net.int8, net.fp32):
            written = {"data"}
            for layer in walk_net(net, naming):
                sources = layer.sources if isinstance(layer, Sum) else (layer.source,)
                assert written.issuperset(sources)
                written.add(layer.output)
