"""RapidOCR: the PP-OCRv6 models that its package carries, run by ONNX Runtime.

https://github.com/RapidAI/RapidOCR (Apache-2.0; so are the models). The model files are named by
their paths, as the library would otherwise look for others on the network. Knows nothing of pages.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pakar.backends.extras import require
from pakar.errors import MissingExtraError
from pakar.ports import OcrLine

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_DETECTION = "PP-OCRv6_det_small.onnx"
_RECOGNITION = "PP-OCRv6_rec_small.onnx"
_MOST_THREADS = 1
# Larger pictures are made smaller; what is read is bounded by it, and so is memory.
LONGEST_SIDE = 2_000
_DETECTION_SIDE = 960
# More at once are padded to the longest: slower, and 200 MB more.
_LINES_AT_ONCE = 1


class RapidOcrEngine:
    """Reads Latin, Chinese and Japanese script, spaces between words included."""

    name = "RapidOCR"

    def read(self, image: NDArray[np.uint8]) -> list[OcrLine]:
        """The lines that the models find, however unsure."""
        # Its colours are blue, green, red, as OpenCV has them.
        from rapidocr.utils.output import RapidOCROutput

        found = _models()(np.ascontiguousarray(image[:, :, ::-1]))
        if not isinstance(found, RapidOCROutput):  # no line was found
            return []
        if found.txts is None or found.boxes is None or found.scores is None:
            return []
        return [
            OcrLine(text, tuple((float(x), float(y)) for x, y in box), float(score))
            for text, box, score in zip(found.txts, found.boxes, found.scores, strict=True)
        ]


def open_engine() -> RapidOcrEngine:
    """Raises MissingExtraError where RapidOCR or its models are not installed."""
    require("rapidocr", "onnxruntime", extra="ocr")
    for name in (_DETECTION, _RECOGNITION):
        if not (_folder() / name).is_file():
            raise MissingExtraError(
                f"the installed RapidOCR does not carry {name}",
                hint='Install the one that pakar is tested with: pip install "rapidocr>=3.10"',
            )
    return RapidOcrEngine()


def _folder() -> Path:
    import rapidocr

    return Path(rapidocr.__file__).parent / "models"


@cache
def _models() -> RapidOCR:
    """Loaded once a process: it takes about a second."""
    from rapidocr import RapidOCR

    threads = min(_MOST_THREADS, len(os.sched_getaffinity(0)))
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            # Pages are righted as a whole: single lines are often mistaken for upside down ones.
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.max_side_len": LONGEST_SIDE,
            "Det.model_path": str(_folder() / _DETECTION),
            # Lines are found in a smaller picture, which takes most of the memory, and read in the
            # whole one.
            "Det.limit_type": "max",
            "Det.limit_side_len": _DETECTION_SIDE,
            "Rec.model_path": str(_folder() / _RECOGNITION),
            "Rec.rec_batch_num": _LINES_AT_ONCE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
