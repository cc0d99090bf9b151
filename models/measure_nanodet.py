#!/usr/bin/env python3
"""Measures the model of manifest.toml on a video with ground truth, one thread, the person class only.

Reports for each input size: average precision at IoU 0.5 (all points), precision, recall and the mean absolute error and
bias of the count at several score thresholds, and the median time of ONNX Runtime. Ground truth is MOT Challenge text
whose frame 1 is the video's first; rows with confidence 0 are ignored, and so are detections that match them.

Usage: measure_nanodet.py VIDEO GROUND_TRUTH [--size 416x320 ...] [--every 10] [--pictures FOLDER]
"""

import argparse
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

MODEL_ID = "nanodet_g"
MATCH_IOU = 0.5
# Below this no row is decoded; average precision needs the low scores too.
FLOOR_SCORE = 0.05
THRESHOLDS = (0.4, 0.45, 0.5, 0.55)
GREY = 114.0


@dataclass(frozen=True)
class Frame:
    """A picture and its true boxes: x1, y1, x2, y2 in rows."""

    number: int
    picture: np.ndarray
    people: np.ndarray
    ignored: np.ndarray


@dataclass
class Score:
    people: int = 0
    scores: list[float] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    count_errors: dict[float, list[int]] = field(default_factory=lambda: {level: [] for level in THRESHOLDS})

    def add(self, frame: Frame, boxes: np.ndarray, scores: np.ndarray) -> None:
        """`boxes` in falling order of `scores`; each takes the free person it overlaps most."""
        overlap, beside = iou(boxes, frame.people), iou(boxes, frame.ignored)
        free = np.ones(len(frame.people), bool)
        counted = []
        for index, score in enumerate(scores):
            candidates = np.where(free, overlap[index], 0.0)
            matched = candidates.size > 0 and candidates.max() >= MATCH_IOU
            if matched:
                free[candidates.argmax()] = False
            elif beside.shape[1] and beside[index].max() >= MATCH_IOU:
                continue
            counted.append(score)
            self.scores.append(score)
            self.correct.append(matched)
        self.people += len(frame.people)
        for level, errors in self.count_errors.items():
            errors.append(sum(score >= level for score in counted) - len(frame.people))

    def report(self) -> list[str]:
        order = np.argsort(-np.array(self.scores), kind="stable")
        scores, hits = np.array(self.scores)[order], np.cumsum(np.array(self.correct)[order])
        precision, recall = hits / np.arange(1, len(hits) + 1), hits / self.people
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        lines = [f"AP50 {np.sum(np.diff(recall, prepend=0.0) * envelope):.3f}"]
        for level, errors in self.count_errors.items():
            last = int((scores >= level).sum()) - 1
            lines.append(
                f"at {level:.2f}: precision {precision[last]:.3f}, recall {recall[last]:.3f}, "
                f"count MAE {np.abs(errors).mean():.2f}, bias {np.mean(errors):+.2f}"
            )
        return lines


def iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0.0, None).prod(axis=2)
    area = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    return both / (area[0][:, None] + area[1][None, :] - both)


class Detector:
    """The model with its preprocessing and decoding, for pictures of any size."""

    def __init__(self, manifest: Path, width_px: int, height_px: int):
        with manifest.open("rb") as file:
            self.model = tomllib.load(file)["models"][MODEL_ID]
        self.width_px, self.height_px = width_px, height_px
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = manifest.parent / self.model["file"]
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The tensor, and the scale from the picture to the tensor in x and y. The picture sits at the top left."""
        rows, columns = picture.shape[:2]
        scale = min(self.width_px / columns, self.height_px / rows)
        width, height = round(columns * scale), round(rows * scale)
        canvas = np.full((self.height_px, self.width_px, 3), GREY, np.float32)
        canvas[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        if self.model["input"]["channel_order"] == "rgb":
            canvas = canvas[..., ::-1]
        mean, std = (np.array(self.model["input"][key], np.float32) for key in ("mean", "std"))
        tensor = ((canvas - mean) / std).transpose(2, 0, 1)[None]
        return np.ascontiguousarray(tensor), np.array([width / columns, height / rows])

    def infer(self, tensor: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Stride, scores and distances of each level."""
        head = self.model["head"]["nanodet"]
        outputs = self.session.run(head["scores"] + head["distances"], {self.model["input"]["name"]: tensor})
        levels = len(head["strides_px"])
        return list(zip(head["strides_px"], outputs[:levels], outputs[levels:]))

    def decode(self, levels, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """People in pixels of the picture, best first, after NMS; boxes are not clipped."""
        boxes, scores = [], []
        for stride, level_scores, distances in levels:
            person = level_scores[0, :, self.model["classes"]["person"]]
            cells = np.flatnonzero(person >= FLOOR_SCORE)
            row, column = np.divmod(cells, self.width_px // stride)
            centre = (np.stack([column, row], axis=1) + 0.5) * stride
            bins = distances[0, cells].reshape(len(cells), 4, self.model["head"]["nanodet"]["bins"])
            weight = np.exp(bins - bins.max(axis=2, keepdims=True))
            weight /= weight.sum(axis=2, keepdims=True)
            sides = weight @ np.arange(bins.shape[2]) * stride
            boxes.append(np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], axis=1))
            scores.append(person[cells])
        boxes, scores = np.concatenate(boxes), np.concatenate(scores)
        order = np.argsort(-scores, kind="stable")
        boxes, scores = boxes[order], scores[order]
        overlap, alive, kept = iou(boxes, boxes), np.ones(len(boxes), bool), []
        for index in range(len(boxes)):
            if alive[index]:
                kept.append(index)
                alive &= overlap[index] <= self.model["nms_iou"]
        return boxes[kept] / np.tile(scale, 2), scores[kept]


def read_ground_truth(path: Path) -> dict[int, np.ndarray]:
    """Rows x1, y1, x2, y2, confidence by frame number."""
    frames: dict[int, list] = {}
    for line in path.read_text().splitlines():
        number, _, left, top, width, height, confidence = (float(value) for value in line.split(",")[:7])
        frames.setdefault(int(number), []).append((left, top, left + width, top + height, confidence))
    return {number: np.array(rows) for number, rows in frames.items()}


def read_frames(video: Path, ground_truth: Path, every: int):
    truth = read_ground_truth(ground_truth)
    capture = cv2.VideoCapture(str(video))
    if not capture.isOpened():
        raise SystemExit(f"{video} cannot be opened")
    number = 0
    while capture.grab():
        number += 1
        if (number - 1) % every == 0:
            _, picture = capture.retrieve()
            rows = truth.get(number, np.empty((0, 5)))
            yield Frame(number, picture, rows[rows[:, 4] > 0, :4], rows[rows[:, 4] == 0, :4])


def draw(frame: Frame, boxes: np.ndarray, scores: np.ndarray, threshold: float, path: Path) -> None:
    """True boxes in white, ignored ones in grey, detections in green from the threshold on and orange below it."""
    picture = frame.picture.copy()
    for rows, colour in ((frame.people, (255, 255, 255)), (frame.ignored, (128, 128, 128))):
        for row in rows.round().astype(int).tolist():
            cv2.rectangle(picture, row[:2], row[2:], colour, 1)
    for row, score in zip(boxes.round().astype(int).tolist(), scores):
        if score >= 0.3:
            colour = (0, 255, 0) if score >= threshold else (0, 128, 255)
            cv2.rectangle(picture, row[:2], row[2:], colour, 2)
            cv2.putText(picture, f"{score:.2f}", (row[0], row[1] - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1)
    cv2.imwrite(str(path), picture)


def measure(arguments: argparse.Namespace, width_px: int, height_px: int) -> None:
    detector = Detector(arguments.manifest, width_px, height_px)
    result, times_s = Score(), []
    for frame in read_frames(arguments.video, arguments.ground_truth, arguments.every):
        tensor, scale = detector.prepare(frame.picture)
        start = time.perf_counter()
        levels = detector.infer(tensor)
        times_s.append(time.perf_counter() - start)
        boxes, scores = detector.decode(levels, scale)
        result.add(frame, boxes, scores)
        if arguments.pictures:
            name = f"{width_px}x{height_px}_{frame.number:06}.png"
            draw(frame, boxes, scores, detector.model["score_threshold"], arguments.pictures / name)
    print(f"{width_px}x{height_px}: {len(times_s)} frames, median {1000 * np.median(times_s):.1f} ms")
    for line in result.report():
        print(f"  {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path)
    parser.add_argument("ground_truth", type=Path)
    parser.add_argument("--size", action="append", help="input width x height, multiples of 32; may be repeated")
    parser.add_argument("--every", type=int, default=10, help="take every n-th frame")
    parser.add_argument("--pictures", type=Path, help="folder for the frames with boxes drawn in")
    parser.add_argument("--manifest", type=Path, default=Path(__file__).parent / "manifest.toml")
    arguments = parser.parse_args()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    for size in arguments.size or ["416x320"]:
        width_px, height_px = (int(side) for side in size.split("x"))
        measure(arguments, width_px, height_px)


if __name__ == "__main__":
    main()
