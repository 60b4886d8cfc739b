"""The computation of all-MiniLM-L6-v2 as an ONNX graph over the weights where they lie."""

import json
import struct
from pathlib import Path
from typing import Any, Final

DIMENSIONS: Final = 384
LAYERS: Final = 6
HEADS: Final = 12
EPSILON: Final = 1e-12
"""Of the layer normalisation, from the model's config.json."""

VERSION: Final = 1
"""Part of the cached file's name: raise it with every change below."""

_GELU_OPSET: Final = 20


def build_graph(weights: Path) -> bytes:
    """A serialised model of a few kilobytes: ids and mask of shape (batch, tokens) in, unit
    vectors (batch, 384) out.

    Every weight is an external tensor, an offset into the safetensors file: nothing is copied,
    so the runtime maps the one file that is there.
    """
    import onnx

    graph = _Graph(onnx, weights)
    tokens = _embeddings(graph)
    for layer in range(LAYERS):
        tokens = _layer(graph, tokens, f"encoder.layer.{layer}.")
    _pooling(graph, tokens)
    model: bytes = graph.model().SerializeToString()
    return model


class _Graph:
    """Nodes and tensors as they are added; every node has one output, named as the node."""

    def __init__(self, onnx: Any, weights: Path) -> None:
        self._onnx = onnx
        self._weights = weights.name
        self._tensors, self._data_start = _read_header(weights)
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(
            self._onnx.helper.make_node(
                kind, inputs, [name], name=name, domain=domain, **attributes
            )
        )
        return name

    def name_last(self, name: str) -> None:
        self._nodes[-1].output[0] = name

    def weight(self, name: str) -> str:
        if name not in self._initializers:
            entry = self._tensors[name]
            start, end = entry["data_offsets"]
            tensor = self._onnx.TensorProto(
                name=name,
                data_type=self._onnx.TensorProto.FLOAT,
                dims=entry["shape"],
                data_location=self._onnx.TensorProto.EXTERNAL,
            )
            places = {
                "location": self._weights,
                "offset": self._data_start + start,
                "length": end - start,
            }
            for key, value in places.items():
                tensor.external_data.add(key=key, value=str(value))
            self._initializers[name] = tensor
        return name

    def constant(self, name: str, kind: str, shape: list[int], values: list[float]) -> str:
        if name not in self._initializers:
            self._initializers[name] = self._onnx.helper.make_tensor(
                name, getattr(self._onnx.TensorProto, kind), shape, values
            )
        return name

    def linear(self, tokens: str, name: str) -> str:
        return self.node(
            "Gemm", tokens, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1
        )

    def normalise(self, tokens: str, name: str) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", tokens, scale, bias, epsilon=EPSILON, axis=-1)

    def model(self) -> Any:
        helper, proto = self._onnx.helper, self._onnx.TensorProto
        graph = helper.make_graph(
            self._nodes,
            "all-MiniLM-L6-v2",
            [
                helper.make_tensor_value_info("ids", proto.INT64, ["batch", "tokens"]),
                helper.make_tensor_value_info("mask", proto.INT64, ["batch", "tokens"]),
            ],
            [helper.make_tensor_value_info("vectors", proto.FLOAT, ["batch", DIMENSIONS])],
            initializer=list(self._initializers.values()),
        )
        opsets = [helper.make_opsetid("", _GELU_OPSET), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def _read_header(weights: Path) -> tuple[dict[str, Any], int]:
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length)), 8 + length


def _embeddings(g: _Graph) -> str:
    """Tokens lie flat, (batch * tokens, 384), so that every linear step is one Gemm."""
    words = g.node("Gather", g.weight("embeddings.word_embeddings.weight"), "ids")
    one, zero = g.constant("one", "INT64", [1], [1]), g.constant("zero", "INT64", [1], [0])
    length = g.node("Slice", g.node("Shape", "ids"), one, g.constant("two", "INT64", [1], [2]))
    positions = g.node("Slice", g.weight("embeddings.position_embeddings.weight"), zero, length)
    kind = g.node("Slice", g.weight("embeddings.token_type_embeddings.weight"), zero, one)
    summed = g.node("Add", g.node("Add", words, kind), positions)
    flat = g.node("Reshape", summed, g.constant("flat", "INT64", [2], [-1, DIMENSIONS]))
    return g.normalise(flat, "embeddings.LayerNorm")


def _layer(g: _Graph, tokens: str, prefix: str) -> str:
    attended = _attention(g, tokens, f"{prefix}attention.self.")
    attended = g.linear(attended, f"{prefix}attention.output.dense")
    tokens = g.normalise(g.node("Add", attended, tokens), f"{prefix}attention.output.LayerNorm")
    wide = g.node("Gelu", g.linear(tokens, f"{prefix}intermediate.dense"))
    narrow = g.linear(wide, f"{prefix}output.dense")
    return g.normalise(g.node("Add", narrow, tokens), f"{prefix}output.LayerNorm")


def _attention(g: _Graph, tokens: str, prefix: str) -> str:
    shape = g.node(
        "Concat", g.node("Shape", "ids"), g.constant("width", "INT64", [1], [DIMENSIONS]), axis=0
    )
    sides = [
        g.node("Reshape", g.linear(tokens, f"{prefix}{side}"), shape)
        for side in ("query", "key", "value")
    ]
    mask = g.node("Cast", "mask", to=6)
    attended = g.node(
        "MultiHeadAttention", *sides, "", mask, domain="com.microsoft", num_heads=HEADS
    )
    return g.node("Reshape", attended, g.constant("flat", "INT64", [2], [-1, DIMENSIONS]))


def _pooling(g: _Graph, tokens: str) -> None:
    """The mean over a text's tokens, scaled to unit length."""
    shape = g.node(
        "Concat", g.node("Shape", "ids"), g.constant("width", "INT64", [1], [DIMENSIONS]), axis=0
    )
    weights = g.node("Cast", "mask", to=1)
    weights = g.node("Unsqueeze", weights, g.constant("last", "INT64", [1], [2]))
    masked = g.node("Mul", g.node("Reshape", tokens, shape), weights)
    # The mean's divisor only scales, and the length is set to one anyway.
    summed = g.node("ReduceSum", masked, g.constant("axis", "INT64", [1], [1]), keepdims=0)
    g.node("LpNormalization", summed, axis=-1, p=2)
    g.name_last("vectors")
