"""Arguments of every kind that hypothesis draws."""

from hypothesis import strategies as st

from lut.ops import ArgumentValue

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ints = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(width=32, allow_nan=False)
texts = names | st.binary(max_size=20).filter(lambda data: not is_text(data))
values: st.SearchStrategy[ArgumentValue] = st.one_of(
    ints,
    floats,
    texts,
    st.lists(ints, max_size=5).map(tuple),
    st.lists(floats, min_size=1, max_size=5).map(tuple),
    st.lists(texts, min_size=1, max_size=5).map(tuple),
)


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_denormal(value: ArgumentValue) -> bool:
    """Protobuf prints too few digits of the smallest floats; no argument of a net is that small."""
    parts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(part, float) and 0 < abs(part) < 2**-126 for part in parts)
