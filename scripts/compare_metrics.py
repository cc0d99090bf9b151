#!/usr/bin/env python3
"""Compares `crowdflow evaluate` with the Python packages motmetrics and trackeval on the same files.

    scripts/compare_metrics.sh --data DIR [--crowdflow PROGRAM] [--tracks SEQUENCE=FILE ...]

DIR holds `pets/gt.txt` and `mot17/<sequence>/{gt/gt.txt,det/det.txt,seqinfo.ini}`. Where no tracks file is given for a
sequence, one is made: for MOT17 the public detections linked by a plain IoU tracker (below); for pets, which has no
detections, its ground truth with seeded faults. The tracks need not be good, they need every kind of fault.

Prints ours beside theirs with the difference; exits with 1 where a difference is above 1e-3, with 2 on bad usage.
Where the packages differ from each other by more than that (MOTP may: they keep old matches by different rules), ours
has to agree with one of them.
"""

import argparse
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

if not hasattr(np, "asfarray"):
    # motmetrics 1.4.0 calls this function, which numpy 2 took away; trackeval 1.3.0 needs numpy 2 on Python 3.11.
    np.asfarray = lambda values: np.asarray(values, dtype=float)

import motmetrics
import trackeval
from scipy.optimize import linear_sum_assignment

TOLERANCE = 1e-3
# ours -> the package's name, by package
MOTMETRICS = {
    "clear.mota": "mota", "clear.motp": "motp", "clear.precision": "precision", "clear.recall": "recall",
    "clear.false_positives": "num_false_positives", "clear.false_negatives": "num_misses",
    "clear.id_switches": "num_switches",
    "clear.mostly_tracked": "mostly_tracked", "clear.partly_tracked": "partially_tracked",
    "clear.mostly_lost": "mostly_lost",
    "identity.idf1": "idf1", "identity.idp": "idp", "identity.idr": "idr",
}
TRACKEVAL = {
    "hota.hota": ("HOTA", "HOTA"), "hota.det_a": ("HOTA", "DetA"), "hota.ass_a": ("HOTA", "AssA"),
    "hota.loc_a": ("HOTA", "LocA"), "identity.idf1": ("Identity", "IDF1"), "identity.idp": ("Identity", "IDP"),
    "identity.idr": ("Identity", "IDR"), "clear.mota": ("CLEAR", "MOTA"), "clear.motp": ("CLEAR", "MOTP"),
}
# Shown, not judged: trackeval defines these otherwise (see the docs of crowdflow's module `evaluation`).
TRACKEVAL_FOR_INFORMATION = {
    "clear.id_switches": ("CLEAR", "IDSW"), "clear.false_positives": ("CLEAR", "CLR_FP"),
    "clear.false_negatives": ("CLEAR", "CLR_FN"), "clear.mostly_tracked": ("CLEAR", "MT"),
}


def iou(a, b):
    """IoU of every box of `a` with every box of `b`; boxes are left, top, width, height."""
    a, b = a[:, None, :], b[None, :, :]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    union = np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1), 0)


def link(detections, gate=0.3, keep_frames=5):
    """A plain tracker: each box goes to the track whose last box overlaps it most; a track ends after `keep_frames`."""
    tracks, next_id, rows = [], 1, []
    for frame in range(1, int(detections[:, 0].max()) + 1):
        boxes = detections[detections[:, 0] == frame, 2:6]
        scores = detections[detections[:, 0] == frame, 6]
        tracks = [track for track in tracks if frame - track["frame"] <= keep_frames]
        ids = [None] * len(boxes)
        if tracks and len(boxes):
            overlap = iou(np.array([track["box"] for track in tracks]), boxes)
            for row, col in zip(*linear_sum_assignment(-np.where(overlap < gate, 0, overlap))):
                if overlap[row, col] >= gate:
                    tracks[row].update(box=boxes[col], frame=frame)
                    ids[col] = tracks[row]["id"]
        for col, box in enumerate(boxes):
            if ids[col] is None:
                ids[col], next_id = next_id, next_id + 1
                tracks.append({"id": ids[col], "box": box, "frame": frame})
            rows.append((frame, ids[col], *box, scores[col]))
    return rows


def disturb(truth, seed=20090618):
    """Ground truth with every kind of fault: shaken boxes, misses, ghosts, split and swapped ids."""
    random = np.random.default_rng(seed)
    rows, swapped = [], {}
    ids = sorted(set(truth[:, 1].astype(int)))
    for frame in sorted(set(truth[:, 0].astype(int))):
        if random.random() < 0.05:
            a, b = random.choice(ids, 2, replace=False)
            swapped[a], swapped[b] = swapped.get(b, b), swapped.get(a, a)
        for row in truth[truth[:, 0] == frame]:
            if random.random() < 0.12:
                continue
            left, top, width, height = row[2:6]
            shift = random.normal(0, 0.07, 4) * (width, height, width, height)
            track = swapped.get(int(row[1]), int(row[1])) + 100 * (frame // 250)
            rows.append((frame, track, left + shift[0], top + shift[1], width + shift[2], height + shift[3], 1))
        if random.random() < 0.3:
            rows.append((frame, 9000 + frame // 10, *random.uniform((0, 0, 20, 50), (700, 450, 50, 110)), 1))
    return rows


def write_tracks(path, rows):
    with open(path, "w", encoding="ascii") as out:
        for frame, track, left, top, width, height, score in rows:
            out.write(f"{frame},{track},{left:.2f},{top:.2f},{width:.2f},{height:.2f},{score:.4f},-1,-1,-1\n")


def read_numbers(path):
    return np.loadtxt(path, delimiter=",", ndmin=2)


def frames_of(seqinfo):
    for line in seqinfo.read_text(encoding="utf-8").splitlines():
        if line.startswith("seqLength="):
            return int(line.split("=")[1])
    raise SystemExit(f"{seqinfo}: found no seqLength")


def by_motmetrics(sequences, mot17):
    """Scores by motmetrics, as its own front ends use it, for each sequence and for all together."""
    accumulators = []
    for gt, tracks, seqinfo in sequences.values():
        result = motmetrics.io.loadtxt(str(tracks), fmt="mot15-2D")
        if mot17:
            truth = motmetrics.io.loadtxt(str(gt), fmt="mot16", min_confidence=-1)
            accumulator, _ = motmetrics.utils.CLEAR_MOT_M(truth, result, str(seqinfo), "iou", distth=0.5)
        else:
            truth = motmetrics.io.loadtxt(str(gt), fmt="mot15-2D", min_confidence=1)
            accumulator = motmetrics.utils.compare_to_groundtruth(truth, result, "iou", distth=0.5)
        accumulators.append(accumulator)
    table = motmetrics.metrics.create().compute_many(
        accumulators, names=list(sequences), metrics=list(MOTMETRICS.values()), generate_overall=True)
    # Theirs is a mean distance, ours a mean IoU.
    table["motp"] = 1 - table["motp"]
    scores = {name: dict(table.loc[name]) for name in sequences}
    scores["COMBINED"] = dict(table.loc["OVERALL"])
    return scores


def by_trackeval(sequences, benchmark, folder):
    """Scores by trackeval through its own reader and preprocessing, for each sequence and for all together."""
    for name, (gt, tracks, _) in sequences.items():
        for link_path, target in [(folder / "gt" / name / "gt" / "gt.txt", gt),
                                  (folder / "trackers" / "t" / "data" / f"{name}.txt", tracks)]:
            link_path.parent.mkdir(parents=True, exist_ok=True)
            link_path.symlink_to(target.resolve())
    config = {
        "GT_FOLDER": str(folder / "gt"), "TRACKERS_FOLDER": str(folder / "trackers"), "SKIP_SPLIT_FOL": True,
        "TRACKERS_TO_EVAL": ["t"], "BENCHMARK": benchmark, "PRINT_CONFIG": False,
        "SEQ_INFO": {name: frames_of(seqinfo) for name, (_, _, seqinfo) in sequences.items()},
    }
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = trackeval.datasets.MotChallenge2DBox(config)
        quiet = {"PRINT_CONFIG": False, "THRESHOLD": 0.5}
        metrics = {"HOTA": trackeval.metrics.HOTA(), "CLEAR": trackeval.metrics.CLEAR(quiet),
                   "Identity": trackeval.metrics.Identity(quiet)}
        raw = {metric: {} for metric in metrics}
        for name in sequences:
            data = dataset.get_preprocessed_seq_data(dataset.get_raw_seq_data("t", name), "pedestrian")
            for metric, scorer in metrics.items():
                raw[metric][name] = scorer.eval_sequence(data)
        for metric, scorer in metrics.items():
            raw[metric]["COMBINED"] = scorer.combine_sequences({name: raw[metric][name] for name in sequences})
    fields = list(TRACKEVAL.values()) + list(TRACKEVAL_FOR_INFORMATION.values())
    return {name: {(metric, field): float(np.mean(raw[metric][name][field])) for metric, field in fields}
            for name in [*sequences, "COMBINED"]}


def by_crowdflow(program, sequences):
    command = [program, "evaluate", "--json"]
    for gt, tracks, _ in sequences.values():
        command += ["--gt", str(gt), "--tracks", str(tracks)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{answer.stderr}")
    report = json.loads(answer.stdout)
    scores = {name: entry["scores"] for name, entry in zip(sequences, report["sequences"], strict=True)}
    return scores | {"COMBINED": report["combined"]}


def pick(scores, dotted):
    for key in dotted.split("."):
        scores = scores[key]
    return float("nan") if scores is None else float(scores)


def near(a, b):
    """Whether two figures agree; a figure that is not a number agrees with nothing."""
    return abs(a - b) <= TOLERANCE


def show(sequence, ours, theirs_motmetrics, theirs_trackeval):
    """Prints a sequence's figures; returns the number of judged differences that are too great."""
    lines = [("motmetrics", dotted, name, theirs_motmetrics[name], True) for dotted, name in MOTMETRICS.items()]
    lines += [("trackeval", dotted, name[1], theirs_trackeval[name], True) for dotted, name in TRACKEVAL.items()]
    lines += [("trackeval", dotted, name[1], theirs_trackeval[name], False)
              for dotted, name in TRACKEVAL_FOR_INFORMATION.items()]
    judged_figures = {}
    for _, dotted, _, their, judged in lines:
        if judged:
            judged_figures.setdefault(dotted, []).append(float(their))
    faults = 0
    for package, dotted, label, their, judged in lines:
        our, their = pick(ours, dotted), float(their)
        if not judged:
            verdict = "for information"
        elif near(our, their):
            verdict = "ok"
        elif any(near(our, other) and not near(their, other) for other in judged_figures[dotted]):
            verdict = "ok: the packages differ, ours agrees with the other"
        else:
            verdict, faults = "TOO FAR", faults + 1
        print(f"{sequence:16} {package:10} {label:20} {our:12.6f} {their:12.6f} {our - their:+10.6f}  {verdict}")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=pathlib.Path, required=True, help="folder with pets/ and mot17/")
    arguments.add_argument("--crowdflow", default="target/release/crowdflow", help="the built program")
    arguments.add_argument("--tracks", action="append", default=[], metavar="SEQUENCE=FILE",
                           help="tracks to score for a sequence (`pets` or a folder of mot17/)")
    arguments = arguments.parse_args()
    given = dict(item.split("=", 1) for item in arguments.tracks if "=" in item)
    if len(given) != len(arguments.tracks):
        print("--tracks: expected SEQUENCE=FILE, each sequence once", file=sys.stderr)
        return 2
    if not pathlib.Path(arguments.crowdflow).is_file():
        print(f"{arguments.crowdflow} not found: run `cargo build --release`, or give --crowdflow", file=sys.stderr)
        return 2
    if not (arguments.data / "pets" / "gt.txt").is_file() or not (arguments.data / "mot17").is_dir():
        print(f"{arguments.data}: expected pets/gt.txt and mot17/ in it", file=sys.stderr)
        return 2

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)

        def tracks_for(name, make):
            if name in given:
                return pathlib.Path(given.pop(name))
            write_tracks(folder / f"{name}.txt", make())
            return folder / f"{name}.txt"

        pets = arguments.data / "pets"
        groups = [("MOT15", {"pets": (pets / "gt.txt", tracks_for("pets", lambda: disturb(read_numbers(pets / "gt.txt"))),
                                      pets / "seqinfo.ini")})]
        mot17 = {}
        for place in sorted((arguments.data / "mot17").iterdir()):
            if (place / "gt" / "gt.txt").is_file():
                tracks = tracks_for(place.name, lambda place=place: link(read_numbers(place / "det" / "det.txt")))
                mot17[place.name] = (place / "gt" / "gt.txt", tracks, place / "seqinfo.ini")
        groups.append(("MOT17", mot17))
        if given:
            print(f"--tracks: no such sequence: {', '.join(given)}", file=sys.stderr)
            return 2

        print(f"{'sequence':16} {'package':10} {'metric':20} {'ours':>12} {'theirs':>12} {'difference':>10}")
        faults = 0
        for benchmark, sequences in groups:
            ours = by_crowdflow(arguments.crowdflow, sequences)
            motmetrics_scores = by_motmetrics(sequences, benchmark == "MOT17")
            trackeval_scores = by_trackeval(sequences, benchmark, folder / benchmark)
            for name in [*sequences, "COMBINED"]:
                faults += show(name, ours[name], motmetrics_scores[name], trackeval_scores[name])
    print(f"{faults} of the judged figures differ by more than {TOLERANCE}" if faults
          else f"all judged figures agree to {TOLERANCE}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
