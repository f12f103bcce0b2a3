"""A classifier in an ONNX file: how its pictures are made, and what it says of faces. Needs onnxruntime."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial as applied
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scn_core.class_names import ClassVocabulary
from scn_core.datasets.images import open_face
from scn_core.datasets.parallel import in_order
from scn_core.errors import DataError, UsageError, counted, error_text
from scn_core.exchange.opinions.classes import Form, match_classes
from scn_core.records import BoolArray, FloatArray, PixelArray, Sample
from scn_core.store.opinions import SUM_TOLERANCE

BATCH = 32
"""Faces at a time, where the model takes any number: what is in memory."""
INSTALL = "pip install 'onnxruntime>=1.20'"
_LARGEST_SIDE = 2_048


@dataclass(frozen=True)
class ClassifierOptions:
    """What a model needs to be told; None: as its metadata says."""

    image_size: int | None = None
    """Side of its square pictures in pixels; metadata image_size, or else the shape of its input."""
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    """Of its normalisation, (pixel / 255 - mean) / std, one or three numbers; metadata mean and std."""
    classes: tuple[str, ...] | None = None
    """Its classes in the order of its output; metadata class_names."""


class Classifier:
    """A classifier that is ready to look at faces."""

    def __init__(
        self,
        path: Path,
        ours: ClassVocabulary,
        options: ClassifierOptions,
        *,
        mapping: Mapping[str, str],
        logits: bool = False,
        partial: bool = False,
    ) -> None:
        """Opens the model, on the CPU.

        Raises UsageError where onnxruntime is not installed or an option is missing, DataError for a file that is no
        classifier of pictures, or of other classes.
        """
        self._path, self._logits = path, logits
        self._session = _session(path)
        said = {str(key): str(value) for key, value in self._session.get_modelmeta().custom_metadata_map.items()}
        entry = self._session.get_inputs()[0]
        shape = list(entry.shape)
        if len(self._session.get_inputs()) != 1 or len(shape) != 4 or entry.type != "tensor(float)":
            found = f"an input of shape {shape} and type {entry.type}"
            raise DataError(error_text(str(path), found, "one input of four dimensions, float32, such as N,3,H,W"))
        self._input = entry.name
        self._last = shape[3] in (1, 3) and shape[1] not in (1, 3)
        self._channels = shape[3] if self._last else shape[1] if shape[1] in (1, 3) else 3
        self._batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        self.side = self._side(options, said, shape)
        self._mean, self._std = (self._numbers(name, getattr(options, name), said) for name in ("mean", "std"))
        self._bgr = said.get("channels", "RGB").strip('"').upper() == "BGR"
        self.names = self._names(options, said)
        self._columns = match_classes(self.names, ours, mapping, where=str(path), partial=partial)
        self._columns.require_all(str(path), ours)

    def describe(self) -> dict[str, Any]:
        """How the pictures are made and read, as the workspace keeps it."""
        return {
            "classes": list(self.names), "image_size": self.side, "mean": list(self._mean), "std": list(self._std),
            "labels": list(self._columns.labels), "logits": self._logits,
        }  # fmt: skip

    def classify(
        self, root: Path, samples: Sequence[Sample], progress: Callable[[int], None] = lambda faces: None
    ) -> tuple[FloatArray, BoolArray, BoolArray]:
        """(N, classes) probabilities of N faces, (N,) of which there are some, and (N,) whose picture can be read.

        There are none where the picture cannot be read, and where the model's numbers are not finite or all of its
        answer is on classes that are left out.
        Pictures are read as they are needed, a batch at a time. Raises DataError for a model that cannot be run.
        """
        found = np.zeros((len(samples), self._columns.classes), np.float32)
        good, read = np.zeros(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
        faces: list[PixelArray] = []
        places: list[int] = []

        def run() -> None:
            if faces:
                said, fine = self._run(np.stack(faces))
                found[places], good[places] = said, fine
                faces.clear()
                places.clear()

        for place, face in enumerate(in_order(applied(_face, root, self.side), samples)):
            if face is not None:
                faces.append(face)
                places.append(place)
                read[place] = True
            if len(faces) == (self._batch or BATCH):
                run()
            progress(1)
        run()
        return found, good, read

    def _run(self, faces: PixelArray) -> tuple[FloatArray, BoolArray]:
        pixels = faces[..., ::-1] if self._bgr else faces
        values: FloatArray = pixels.astype(np.float32) / np.float32(255)
        if self._channels == 1:
            values = (values * np.array([0.299, 0.587, 0.114], np.float32)).sum(axis=3, keepdims=True)
        values -= np.array(self._mean, np.float32)
        values /= np.array(self._std, np.float32)
        if not self._last:
            values = values.transpose(0, 3, 1, 2)
        short = (self._batch or len(values)) - len(values)
        values = np.concatenate([values, np.zeros((short, *values.shape[1:]), np.float32)])
        try:
            (output, *_) = self._session.run(None, {self._input: np.ascontiguousarray(values, np.float32)})
        except Exception as error:  # onnxruntime raises types of its own, which it does not export
            raise DataError(f"{self._path}: the model cannot be run on pictures of {self.side} px ({error})") from error
        said: npt.NDArray[np.float32] = np.asarray(output, np.float32).reshape(len(values), -1)[: len(faces)]
        if said.shape[1] != len(self.names):
            found = f"an output of {said.shape[1]:,} numbers a face"
            raise DataError(
                error_text(
                    str(self._path),
                    found,
                    f"{counted(len(self.names), 'number')}: {', '.join(self.names)}",
                    "say its classes in order with --classes",
                )
            )
        form: Form = "logits" if self._logits or not _are_shares(said) else "probabilities"
        return self._columns.probabilities(said[:, list(self._columns.places)], form)

    def _side(self, options: ClassifierOptions, said: Mapping[str, str], shape: Sequence[Any]) -> int:
        fixed = shape[1] if self._last else shape[2]
        asked = options.image_size or _json(said, "image_size") or (fixed if isinstance(fixed, int) else None)
        if not isinstance(asked, int) or not 8 <= asked <= _LARGEST_SIDE:
            found = "no image size in the model" if asked is None else f"an image size of {asked}"
            raise UsageError(error_text("--image-size", found, f"8 to {_LARGEST_SIDE} pixels"))
        if isinstance(fixed, int) and fixed != asked:
            raise UsageError(error_text("--image-size", str(asked), f"{fixed}, which the model's input has"))
        return asked

    def _numbers(self, name: str, option: tuple[float, ...] | None, said: Mapping[str, str]) -> tuple[float, ...]:
        values = _json(said, name) if option is None else list(option)
        values = [values] if isinstance(values, int | float) else values
        good = isinstance(values, list) and len(values) in {1, self._channels}
        if not good or not all(isinstance(each, int | float) and math.isfinite(each) for each in values):
            found = "none in the model" if values is None else str(values)
            raise UsageError(
                error_text(
                    f"--{name}",
                    found,
                    f"1 or {self._channels} numbers, in pixels of 0 to 1",
                    "of ImageNet --mean .485,.456,.406 --std .229,.224,.225; for plain pixels of 0 to 1 --mean 0 "
                    "--std 1",
                )
            )
        if name == "std" and min(values) <= 0:
            raise UsageError(error_text("--std", str(values), "numbers above 0"))
        return tuple(float(each) for each in values)

    def _names(self, options: ClassifierOptions, said: Mapping[str, str]) -> tuple[str, ...]:
        names = list(options.classes) if options.classes else _json(said, "class_names")
        if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
            found = "no class names in the model" if names is None else f"class names {names}"
            raise UsageError(error_text("--classes", found, "its classes in the order of its output, as a,b,c"))
        return tuple(names)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _session(path: Path) -> Any:
    if not path.is_file():
        raise DataError(error_text("--onnx", f"no file {path}", "a classifier in an ONNX file"))
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError(
            error_text("--onnx", "no package onnxruntime", "an environment that has it", f"install it: {INSTALL}")
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: they come as exceptions too
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of types that onnxruntime does not export
        raise DataError(error_text(str(path), f"a file that is no ONNX model ({error})", "a classifier")) from error


def _face(root: Path, side: int, sample: Sample) -> PixelArray | None:
    try:
        return np.ascontiguousarray(open_face(root / sample.path, sample.box, side))
    except Exception:  # decoders raise whatever they stumble over
        return None


def _are_shares(values: npt.NDArray[np.float32]) -> bool:
    """Whether an output is probabilities already."""
    return bool((values >= -1e-6).all() and (np.abs(values.sum(axis=1) - 1) <= SUM_TOLERANCE).all())


def _json(said: Mapping[str, str], name: str) -> Any:
    """A value of the metadata; text that is no JSON is a list separated by commas, None where there is none."""
    text = said.get(name)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return [part.strip() for part in text.split(",")]
