"""The messages of caffe2.proto, made when they are imported.

protoc's own Python code asks for the protobuf it was generated for, or the next major one. Built from the
schema's descriptor they work with every protobuf from 4.25 on, beside whichever version other packages need.
`caffe2_pb2.pyi` tells type checkers of them.
"""

from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

__all__ = ["DESCRIPTOR", "Argument", "DeviceOption", "NetDef", "OperatorDef", "TensorProto"]

_SCHEMA = FileDescriptorSet.FromString(Path(__file__).with_name("caffe2.desc").read_bytes()).file[0]

_pool = DescriptorPool()  # our own: another package's caffe2.proto may lie in the one that all share
_pool.Add(_SCHEMA)

DESCRIPTOR = _pool.FindFileByName(_SCHEMA.name)
Argument, DeviceOption, NetDef, OperatorDef, TensorProto = (
    GetMessageClass(DESCRIPTOR.message_types_by_name[name])
    for name in ("Argument", "DeviceOption", "NetDef", "OperatorDef", "TensorProto")
)
