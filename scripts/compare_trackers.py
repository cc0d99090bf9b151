#!/usr/bin/env python3
"""Compares crowdflow's tracker with those of the Python package trackers on the same detections.

    scripts/compare_trackers.sh --data DIR [--crowdflow PROGRAM] [--detections pets=FILE --fps 7] [--keep DIR]

DIR holds `mot17/<sequence>/{gt/gt.txt,det/det.txt,seqinfo.ini}`; with --detections also `pets/gt.txt`. The package's
trackers run at their defaults with the sequence's frame rate; BoT-SORT without its compensation of camera motion, which
needs the pictures. Ours runs through `crowdflow evaluate --detections` with the shipped settings. All are scored by
`crowdflow evaluate`, so that one scorer judges them. --keep keeps the tracks as DIR/<tracker>/<sequence>.txt.

Exits with 1 where our HOTA or IDF1 over all MOT17 sequences together, or on pets, is below ByteTrack's, and names every
sequence where it is; with 2 on bad usage.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import supervision
import trackers

OURS = "crowdflow"
THEIRS = {
    "ByteTrack": trackers.ByteTrackTracker,
    "SORT": trackers.SORTTracker,
    "OC-SORT": trackers.OCSORTTracker,
    "BoT-SORT": lambda frame_rate: trackers.BoTSORTTracker(frame_rate=frame_rate, enable_cmc=False),
}
TO_BEAT = "ByteTrack"
JUDGED = {"HOTA": "hota.hota", "IDF1": "identity.idf1"}
SHOWN = {"HOTA": "hota.hota", "DetA": "hota.det_a", "AssA": "hota.ass_a", "MOTA": "clear.mota", "IDF1": "identity.idf1"}
COMBINED = "COMBINED"


def seqinfo(path):
    text = path.read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Sequence:
    def __init__(self, name, gt, detections, fps):
        self.name, self.gt, self.detections, self.fps = name, gt, detections, fps

    def last_frame(self):
        """As in `crowdflow evaluate`: the last that has a row in either file."""
        return int(max(np.loadtxt(path, delimiter=",", ndmin=2)[:, 0].max() for path in (self.gt, self.detections)))


def track(make, sequence, path):
    """Runs a tracker of the package and writes its confirmed tracks (ids from 0) in MOT Challenge format."""
    tracker = make(frame_rate=sequence.fps)
    rows = np.loadtxt(sequence.detections, delimiter=",", ndmin=2)
    with open(path, "w", encoding="utf-8") as out:
        for frame in range(1, sequence.last_frame() + 1):
            here = rows[rows[:, 0] == frame]
            boxes = here[:, 2:6].astype(np.float32)
            boxes[:, 2:] += boxes[:, :2]
            found = tracker.update(supervision.Detections(
                xyxy=boxes, confidence=here[:, 6].astype(np.float32), class_id=np.zeros(len(here), dtype=int)))
            if found.tracker_id is None:
                continue
            for (left, top, right, bottom), number, score in zip(found.xyxy, found.tracker_id, found.confidence):
                if number >= 0:
                    out.write(f"{frame},{number + 1},{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f},"
                              f"{score:.4f},-1,-1,-1\n")


def evaluate(program, sequences, inputs):
    command = [program, "evaluate", "--json"]
    for sequence in sequences:
        command += ["--gt", str(sequence.gt), *inputs(sequence)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{answer.stderr}")
    report = json.loads(answer.stdout)
    scores = {sequence.name: entry["scores"] for sequence, entry in zip(sequences, report["sequences"], strict=True)}
    return scores | ({COMBINED: report["combined"]} if len(sequences) > 1 else {})


def pick(scores, dotted):
    for key in dotted.split("."):
        scores = scores[key]
    return float("nan") if scores is None else float(scores)


def compare(program, sequences, folder):
    """Scores by tracker, then by sequence."""
    results = {}
    for name in [OURS, *THEIRS]:
        (folder / name).mkdir(parents=True, exist_ok=True)
        print(f"{name} on {', '.join(sequence.name for sequence in sequences)}", file=sys.stderr)

        def path(sequence, name=name):
            return folder / name / f"{sequence.name}.txt"

        if name == OURS:
            results[name] = evaluate(program, sequences, lambda sequence: [
                "--detections", str(sequence.detections), "--fps", f"{sequence.fps:g}",
                "--write-tracks", str(path(sequence))])
        else:
            for sequence in sequences:
                track(THEIRS[name], sequence, path(sequence))
            results[name] = evaluate(program, sequences, lambda sequence: ["--tracks", str(path(sequence))])
    return results


def show(results):
    print(f"{'sequence':16} {'tracker':10}" + "".join(f" {name:>6}" for name in SHOWN) + f" {'FP':>6} {'FN':>6} {'IDsw':>5}")
    for sequence in results[OURS]:
        for tracker, scores in results.items():
            clear = scores[sequence]["clear"]
            print(f"{sequence:16} {tracker:10}"
                  + "".join(f" {100 * pick(scores[sequence], dotted):6.1f}" for dotted in SHOWN.values())
                  + f" {clear['false_positives']:6} {clear['false_negatives']:6} {clear['id_switches']:5}")
    print()


def shortfalls(results):
    """(sequence, text) of each figure of ours that is below, or is not a number."""
    for sequence, ours in results[OURS].items():
        for label, dotted in JUDGED.items():
            our, their = pick(ours, dotted), pick(results[TO_BEAT][sequence], dotted)
            if not our >= their:
                yield sequence, f"{sequence}: {label} {100 * our:.2f} is below {TO_BEAT}'s {100 * their:.2f}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=pathlib.Path, required=True, help="folder with mot17/ (and pets/)")
    arguments.add_argument("--crowdflow", default="target/release/crowdflow", help="the built program")
    arguments.add_argument("--detections", metavar="pets=FILE", help="detections of pets, to compare on it too")
    arguments.add_argument("--fps", type=float, help="frame rate of --detections")
    arguments.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep the tracks in this folder")
    arguments = arguments.parse_args()
    if not pathlib.Path(arguments.crowdflow).is_file():
        print(f"{arguments.crowdflow} not found: run `cargo build --release`, or give --crowdflow", file=sys.stderr)
        return 2
    groups = [[Sequence(place.name, place / "gt" / "gt.txt", place / "det" / "det.txt",
                        float(seqinfo(place / "seqinfo.ini")["frameRate"]))
               for place in sorted((arguments.data / "mot17").glob("*/")) if (place / "gt" / "gt.txt").is_file()]]
    if not groups[0]:
        print(f"{arguments.data}: expected mot17/<sequence>/gt/gt.txt in it", file=sys.stderr)
        return 2
    if arguments.detections is not None:
        name, _, path = arguments.detections.partition("=")
        if name != "pets" or not pathlib.Path(path).is_file() or arguments.fps is None:
            print("--detections: expected pets=FILE, an existing file, and --fps", file=sys.stderr)
            return 2
        groups.append([Sequence("pets", arguments.data / "pets" / "gt.txt", pathlib.Path(path), arguments.fps)])

    below = []
    with tempfile.TemporaryDirectory() as temporary:
        for sequences in groups:
            results = compare(arguments.crowdflow, sequences, arguments.keep or pathlib.Path(temporary))
            show(results)
            below += shortfalls(results)
    for _, text in below:
        print(text)
    if any(sequence in (COMBINED, "pets") for sequence, _ in below):
        return 1
    print(f"together our HOTA and IDF1 are not below {TO_BEAT}'s" + (", but they are where said above" if below else
                                                                   ", nor on any one sequence"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
