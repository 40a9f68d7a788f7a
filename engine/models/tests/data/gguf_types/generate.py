"""Writes random weights of every quantized type that is read, and what the Python package of ggml (`pip install gguf`) makes
of them: `TYPE.bin` has four rows of 256 weights as they stand in a file, `TYPE.f32` the numbers."""

from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where the f16 scales of a unit are.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}

folder = Path(__file__).parent
random = np.random.default_rng(20261122)
for name, scales in SCALES.items():
    kind = GGMLQuantizationType[name]
    weights, size = GGML_QUANT_SIZES[kind]
    units = 1024 // weights
    data = random.integers(0, 256, (units, size), dtype=np.uint8)
    for at in scales:
        values = random.normal(0, 0.01, (units, 1)).astype(np.float16)
        # Subnormal scales and zero occur too.
        values[0] = np.float16(3e-7) if at == scales[0] else 0
        data[:, at : at + 2] = values.view(np.uint8)
    (folder / f"{name}.bin").write_bytes(data.tobytes())
    numbers = dequantize(data.reshape(-1), kind).astype("<f4")
    assert numbers.size == 1024 and np.isfinite(numbers).all()
    (folder / f"{name}.f32").write_bytes(numbers.tobytes())
