"""ONNX models, as `torch.onnx.export` and others write them. Needs the extra `onnx`.

Reading order: `skeleton` (the file without its weights), `reading` (nodes, and the shapes of tensors).
"""
