"""FBNet: 22 places, each with a block of its own kind, or none. Gaps in the names are places left empty.

Rows are name, expansion t, kernel k, output channels, stride s.
"""

from __future__ import annotations

from lut.zoo.architecture import Architecture, Block, Naming, Published

__all__ = ["FBNETS"]

PLAIN = Naming("fbn", linear="")
MNC = Naming("mnc", linear="", engine="NNPACK,DEPTHWISE_3x3", depthwise_search=False)
IN_PLACE = Naming("fbn", relu="{}_bn", linear_is_pwl=True)
IN_PLACE_BARE = Naming("fbn", relu="{}_bn", linear_is_pwl=True, depthwise_relu=False)
# Relus in place, before they were fused into int8 convolutions: "v1" is the blob's second version.
V1_BEFORE = Naming("fbn", relu="v1/{}_bn", linear_is_pwl=True, depthwise_relu=False)
V1_AFTER = Naming("fbn", relu="{}_bn_v1", linear_is_pwl=True)
V1_AFTER_BARE = Naming("fbn", relu="{}_bn_v1", linear_is_pwl=True, depthwise_relu=False)

# fmt: off
FBNET_A = Architecture(
    "FBNet-A",
    resolution=224,
    stem=16,
    blocks=(
        #     name   t  k  out  s
        Block("1_0", 3, 3,  24, 2),
        Block("1_1", 1, 3,  24, 1),
        Block("2_0", 6, 5,  32, 2),
        Block("2_1", 3, 3,  32, 1),
        Block("2_2", 1, 5,  32, 1),
        Block("2_3", 3, 3,  32, 1),
        Block("3_0", 6, 5,  64, 2),
        Block("3_1", 3, 5,  64, 1),
        Block("3_2", 1, 3,  64, 1, group=2),
        Block("3_3", 6, 5,  64, 1),
        Block("3_4", 6, 3, 112, 1),
        Block("3_5", 1, 3, 112, 1, group=2),
        Block("3_6", 3, 5, 112, 1),
        Block("3_7", 1, 3, 112, 1, group=2),
        Block("4_0", 6, 5, 184, 2),
        Block("4_1", 6, 5, 184, 1),
        Block("4_2", 3, 5, 184, 1),
        Block("4_3", 6, 5, 184, 1),
        Block("4_4", 6, 5, 352, 1),
    ),
    last=1504,
    int8=PLAIN,
    fp32=PLAIN,
    published=Published(mega_macs=249.4, mega_params=4.3, int8_ms=14.1, fp32_ms=124.6),
)

FBNET_B = Architecture(
    "FBNet-B",
    resolution=224,
    stem=16,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,  16, 1),
        Block("1_0", 6, 3,  24, 2),
        Block("1_1", 1, 5,  24, 1),
        Block("1_2", 1, 3,  24, 1),
        Block("1_3", 1, 3,  24, 1),
        Block("2_0", 6, 5,  32, 2),
        Block("2_1", 3, 5,  32, 1),
        Block("2_2", 6, 3,  32, 1),
        Block("2_3", 6, 3,  32, 1, depthwise=2),
        Block("3_0", 6, 5,  64, 2),
        Block("3_1", 1, 5,  64, 1),
        Block("3_3", 3, 5,  64, 1),
        Block("3_4", 6, 5, 112, 1),
        Block("3_5", 1, 3, 112, 1),
        Block("3_6", 1, 5, 112, 1),
        Block("3_7", 3, 5, 112, 1),
        Block("4_0", 6, 5, 184, 2),
        Block("4_1", 1, 5, 184, 1),
        Block("4_2", 6, 5, 184, 1),
        Block("4_3", 6, 5, 184, 1),
        Block("4_4", 6, 3, 352, 1),
    ),
    last=1984,
    int8=V1_BEFORE,
    fp32=MNC,
    published=Published(mega_macs=295.6, mega_params=4.8, int8_ms=17.3, fp32_ms=167.7),
)

# FBNet-B with a narrower end.
FBNET_B1 = Architecture(
    "FBNet-B1",
    resolution=224,
    stem=16,
    blocks=FBNET_B.blocks,
    last=1504,
    int8=V1_AFTER,
    fp32=IN_PLACE,
    published=Published(mega_macs=286.8, mega_params=4.1, int8_ms=17.0, fp32_ms=127.5),
)

FBNET_C = Architecture(
    "FBNet-C",
    resolution=224,
    stem=16,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,  16, 1),
        Block("1_0", 6, 3,  24, 2),
        Block("1_2", 1, 3,  24, 1),
        Block("1_3", 1, 3,  24, 1),
        Block("2_0", 6, 5,  32, 2),
        Block("2_1", 3, 5,  32, 1),
        Block("2_2", 6, 3,  32, 1, depthwise=2),
        Block("2_3", 6, 3,  32, 1),
        Block("3_0", 6, 5,  64, 2),
        Block("3_1", 3, 5,  64, 1),
        Block("3_2", 6, 5,  64, 1),
        Block("3_3", 6, 5,  64, 1),
        Block("3_4", 6, 5, 112, 1),
        Block("3_5", 6, 3, 112, 1, depthwise=2),
        Block("3_6", 6, 5, 112, 1),
        Block("3_7", 3, 5, 112, 1),
        Block("4_0", 6, 5, 184, 2),
        Block("4_1", 6, 5, 184, 1),
        Block("4_2", 6, 5, 184, 1),
        Block("4_3", 6, 5, 184, 1),
        Block("4_4", 6, 3, 352, 1),
    ),
    last=1984,
    int8=V1_BEFORE,
    fp32=MNC,
    published=Published(mega_macs=383.0, mega_params=5.5, int8_ms=21.0, fp32_ms=241.8),
)

# FBNet-C with a narrower end.
FBNET_C1 = Architecture(
    "FBNet-C1",
    resolution=224,
    stem=16,
    blocks=FBNET_C.blocks,
    last=1504,
    int8=V1_AFTER_BARE,
    fp32=IN_PLACE,
    published=Published(mega_macs=374.2, mega_params=4.9, int8_ms=20.0, fp32_ms=167.3),
)

FBNET_96 = Architecture(
    "FBNet-96",
    resolution=96,
    stem=8,
    blocks=(
        #     name   t  k  out  s
        Block("0_0", 1, 3,   8, 1),
        Block("1_0", 6, 3,  16, 2),
        Block("1_1", 6, 3,  16, 1),
        Block("2_0", 6, 5,  16, 2),
        Block("2_1", 6, 5,  16, 1),
        Block("3_0", 6, 5,  24, 2),
        Block("3_4", 6, 3,  40, 1),
        Block("4_0", 6, 5,  72, 2),
        Block("4_1", 6, 5,  72, 1),
        Block("4_4", 6, 5, 128, 1),
    ),
    last=1416,
    int8=V1_BEFORE,
    fp32=IN_PLACE_BARE,
    published=Published(mega_macs=12.9, mega_params=1.8, int8_ms=2.3, fp32_ms=22.8),
)
# fmt: on

FBNETS = (FBNET_A, FBNET_B, FBNET_B1, FBNET_C, FBNET_C1, FBNET_96)
