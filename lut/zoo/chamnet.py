"""ChamNet: MobileNetV2's plan with every expansion and width searched for. All kernels are 3x3.

Rows are name, expansion t, kernel k, output channels, stride s.
"""

from __future__ import annotations

from lut.zoo.architecture import Architecture, Block, Naming, Published

__all__ = ["CHAMNETS"]

PLAIN = Naming("xif")
BARE = Naming("xif", depthwise_relu=False)

# fmt: off
CHAMNET_A = Architecture(
    "ChamNet-A",
    resolution=224,
    stem=32,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,  24, 1),
        Block("1_0", 4, 3,  40, 2),
        Block("1_1", 4, 3,  40, 1),
        Block("2_0", 6, 3,  48, 2),
        Block("2_1", 6, 3,  48, 1),
        Block("2_2", 6, 3,  48, 1),
        Block("3_0", 4, 3,  96, 2),
        Block("3_1", 4, 3,  96, 1),
        Block("3_2", 4, 3,  96, 1),
        Block("3_3", 4, 3,  96, 1),
        Block("3_4", 4, 3, 160, 1),
        Block("3_5", 4, 3, 160, 1),
        Block("3_6", 4, 3, 160, 1),
        Block("4_0", 4, 3, 248, 2),
        Block("4_1", 4, 3, 248, 1),
        Block("4_2", 4, 3, 248, 1),
        Block("4_3", 6, 3, 480, 1),
    ),
    last=2016,
    int8=BARE,
    fp32=PLAIN,
    published=Published(mega_macs=552.9, mega_params=6.2, int8_ms=24.7, fp32_ms=117.1),
)

CHAMNET_B = Architecture(
    "ChamNet-B",
    resolution=192,
    stem=24,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,  16, 1),
        Block("1_0", 5, 3,  40, 2),
        Block("1_1", 5, 3,  40, 1),
        Block("2_0", 6, 3,  40, 2),
        Block("2_1", 6, 3,  40, 1),
        Block("2_2", 6, 3,  40, 1),
        Block("3_0", 6, 3,  92, 2),
        Block("3_1", 6, 3,  92, 1),
        Block("3_2", 6, 3,  92, 1),
        Block("3_3", 6, 3, 104, 1),
        Block("3_4", 6, 3, 104, 1),
        Block("3_5", 6, 3, 104, 1),
        Block("4_0", 5, 3, 200, 2),
        Block("4_1", 5, 3, 200, 1),
        Block("4_2", 5, 3, 200, 1),
        Block("4_3", 6, 3, 384, 1),
    ),
    last=1984,
    int8=BARE,
    fp32=PLAIN,
    published=Published(mega_macs=323.3, mega_params=5.2, int8_ms=15.5, fp32_ms=74.4),
)

CHAMNET_C = Architecture(
    "ChamNet-C",
    resolution=224,
    stem=16,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,  16, 1),
        Block("1_0", 4, 3,  24, 2),
        Block("2_0", 4, 3,  32, 2),
        Block("2_1", 4, 3,  32, 1),
        Block("2_2", 4, 3,  32, 1),
        Block("3_0", 5, 3,  64, 2),
        Block("3_1", 5, 3,  64, 1),
        Block("3_2", 6, 3,  96, 1),
        Block("3_3", 6, 3,  96, 1),
        Block("3_4", 6, 3,  96, 1),
        Block("4_0", 6, 3, 160, 2),
        Block("4_1", 6, 3, 160, 1),
        Block("4_2", 6, 3, 160, 1),
        Block("4_3", 4, 3, 256, 1),
    ),
    last=1520,
    int8=BARE,
    fp32=PLAIN,
    published=Published(mega_macs=211.6, mega_params=3.4, int8_ms=11.3, fp32_ms=56.8),
)

CHAMNET_D = Architecture(
    "ChamNet-D",
    resolution=192,
    stem=8,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,   8, 1),
        Block("1_0", 6, 3,  24, 2),
        Block("2_0", 4, 3,  32, 2),
        Block("2_1", 4, 3,  32, 1),
        Block("3_0", 6, 3,  40, 2),
        Block("3_1", 6, 3,  40, 1),
        Block("3_2", 6, 3,  40, 1),
        Block("3_3", 6, 3,  40, 1),
        Block("3_4", 6, 3,  80, 1),
        Block("3_5", 6, 3,  80, 1),
        Block("3_6", 6, 3,  80, 1),
        Block("4_0", 5, 3, 160, 2),
        Block("4_1", 5, 3, 160, 1),
        Block("4_2", 5, 3, 160, 1),
        Block("4_3", 6, 3, 224, 1),
    ),
    last=1600,
    int8=PLAIN,
    fp32=PLAIN,
    published=Published(mega_macs=120.0, mega_params=3.3, int8_ms=7.1, fp32_ms=36.3),
)

CHAMNET_E = Architecture(
    "ChamNet-E",
    resolution=160,
    stem=8,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,   8, 1),
        Block("1_0", 4, 3,  24, 2),
        Block("2_0", 4, 3,  32, 2),
        Block("2_1", 4, 3,  32, 1),
        Block("2_2", 4, 3,  32, 1),
        Block("3_0", 6, 3,  64, 2),
        Block("3_1", 6, 3,  64, 1),
        Block("3_2", 6, 3,  64, 1),
        Block("3_3", 6, 3,  64, 1),
        Block("4_0", 6, 3,  96, 2),
        Block("4_1", 6, 3,  96, 1),
        Block("4_2", 4, 3, 128, 1),
    ),
    last=1600,
    int8=BARE,
    fp32=PLAIN,
    published=Published(mega_macs=53.7, mega_params=2.3, int8_ms=4.1, fp32_ms=24.4),
)

CHAMNET_F = Architecture(
    "ChamNet-F",
    resolution=128,
    stem=8,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,   8, 1),
        Block("1_0", 4, 3,  24, 2),
        Block("2_0", 4, 3,  32, 2),
        Block("2_1", 4, 3,  32, 1),
        Block("2_2", 4, 3,  32, 1),
        Block("3_0", 4, 3,  40, 2),
        Block("3_1", 4, 3,  64, 1),
        Block("3_2", 4, 3,  64, 1),
        Block("3_3", 4, 3,  64, 1),
        Block("4_0", 4, 3, 128, 2),
        Block("4_1", 4, 3, 128, 1),
        Block("4_2", 4, 3, 192, 1),
    ),
    last=1280,
    int8=BARE,
    fp32=BARE,
    published=Published(mega_macs=30.8, mega_params=2.0, int8_ms=2.7, fp32_ms=15.4),
)
# fmt: on

CHAMNETS = (CHAMNET_A, CHAMNET_B, CHAMNET_C, CHAMNET_D, CHAMNET_E, CHAMNET_F)
