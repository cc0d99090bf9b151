#!/usr/bin/env python3
"""Measures what the product promises, and prints the table of benches/README.md.

    make build && cargo build --release --examples
    benches/measure.py --data DIR                       # everything; DIR holds the ground truth
    benches/measure.py --only throughput                # accuracy, density, throughput, memory, cameras, alerts, api, viewers, tracker or input

Needs the release build and the sample video (scripts/setup.sh). The machine should have nothing else to do: where two
things are compared they are run in turns, and medians and ratios are given.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import alert_latency
import api_load
import viewers
import zone_density

ROOT = Path(__file__).resolve().parent.parent
CROWDFLOW = ROOT / "target/release/crowdflow"
TRUE_DENSITY = ROOT / "target/release/examples/true_density"
ORT_ALONE = ROOT / "target/release/examples/ort_alone"
DEMO = ROOT / "config/demo.toml"
SAMPLE = ROOT / "sample/vtest.avi"

# The places whose truth is known, not those of the demo.
PETS = f"""
[cameras.pets]
frame_size = [768, 576]
[cameras.pets.source.file]
path = "{SAMPLE}"
fps = 7
[cameras.pets.zones.centre]
coords = "pixel"
polygon = [[300, 180], [600, 180], [600, 400], [300, 400]]
[cameras.pets.lines.x384]
coords = "pixel"
a = [384, 575]
b = [384, 140]
"""


def run(*command):
    """What a command prints."""
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def analyze(folder, *more, keys=""):
    config = Path(folder) / "pets.toml"
    config.write_text(PETS.replace("[cameras.pets]\n", f"[cameras.pets]\n{keys}\n"))
    out = Path(folder) / "out"
    return json.loads(run(CROWDFLOW, "analyze", "-c", config, "--out", out, "--json", *more)), out


def row(what, target, measured):
    print(f"| {what} | {target} | {measured} |", flush=True)


def accuracy(args):
    truth = Path(args.data) / "pets/gt.txt"
    if not truth.is_file():
        print(f"skipped: no ground truth at {truth}", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        summary, out = analyze(folder, "--no-video")
        calibrated = Path(folder) / "calibrated"
        run(CROWDFLOW, "analyze", "-c", DEMO, "--camera", "walkway", "--no-video", "--out", calibrated)
        ignored, taken_out = ("conf-0 people ignored", ["--forgive-unscored"]), ("conf-0 people taken out", [])
        for ground, tracks, (name, flags) in (
            ("calibrated", calibrated, ignored), ("calibrated", calibrated, taken_out),
            ("no calibration", out, ignored), ("no calibration", out, taken_out),
        ):
            command = [CROWDFLOW, "evaluate", "--gt", truth, "--tracks", tracks / "tracks.txt", "--json", *flags]
            scores = json.loads(run(*command))["combined"]
            clear, identity, count = scores["clear"], scores["identity"], scores["count"]
            row(
                f"vtest, {ground}, {name}: MOTA / IDF1 / count MAE",
                "0.85 / 0.80 / 0.45",
                f"{clear['mota']:.3f} / {identity['idf1']:.3f} / {count['mae']:.3f} "
                f"(HOTA {scores['hota']['hota']:.3f}, switches {clear['id_switches']}, bias {count['bias']:+.3f})",
            )
        line = summary["lines"]["x384"]["person"]
        row("line x=384: in / out", "18 / 13 within 10 %", f"{line['in']} / {line['out']}")
        zone = summary["zones"]["centre"]["person"]
        row("zone centre: mean occupancy", "2.71 within 10 %",
            f"{zone['mean_occupancy']:.2f} ({zone['mean_occupancy'] / 2.712 - 1:+.1%})")


def density(args):
    """In metres: the demo's zone `centre` against the truth's foot points on the known ground plane, then the walkers."""
    pets = Path(args.data) / "pets"
    if not pets.is_dir():
        print(f"skipped: no ground truth at {pets}", file=sys.stderr)
        return
    config, zone, rate, frames = DEMO, (300, 180, 600, 400), 7, 795
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        run(CROWDFLOW, "analyze", "-c", config, "--camera", "walkway", "--no-video", "--out", out)
        truth = Path(folder) / "truth.csv"
        truth.write_text(run(TRUE_DENSITY, pets / "gt.txt", pets / "homography_view001.json", 768, 576, frames, *zone))
        theirs = zone_density.read(truth, lambda _: True)
        ours = zone_density.read(out / "zones.csv", lambda line: (line["zone"], line["class"]) == ("centre", "person"))
        for column, name in (("density_per_m2", "classic"), ("voronoi_per_m2", "Voronoi")):
            a, b = ([float(line[column]) for line in table] for table in (ours, theirs))
            errors = [zone_density.error(a, b, span) for span in (1, rate, 10 * rate)]
            row(f"vtest, zone centre, {name} density: MAE of each frame, as a share of the mean", "<= 15 %",
                f"{errors[0]:.1%} (of 1 s means {errors[1]:.1%}, of 10 s means {errors[2]:.1%}; "
                f"mean {sum(a) / len(a):.4f} of {sum(b) / len(b):.4f} per m²)")
        tracks = zone_density.boxes(out / "tracks.txt", scored_only=False)
        wrong = zone_density.causes(zone_density.boxes(pets / "gt.txt", scored_only=True), tracks, zone, frames)
        people = wrong["people"]
        row("where it errs, person-frames of those in the zone", "", f"{people} in the zone; " + ", ".join(
            f"{name} {wrong[name]} ({wrong[name] / people:.1%})"
            for name in ("hidden", "missed in the open", "at the border", "nobody there"))
            + f"; longest missed {wrong['longest missed'] / rate:.1f} s")
        walkers = json.loads(run(CROWDFLOW, "calibrate", "-c", config, "--camera", "walkway", "--tracks",
                                 out / "tracks.txt", "--out", Path(folder) / "calibration", "--json"))["walkers"]
        for what, target, value, true in (
            ("walking speed, median, m/s", "0.98 within 8 %", walkers["median_speed_mps"], 0.98),
            ("body height, median, m", "1.76 within 5 %", walkers["median_body_height_m"], 1.76),
        ):
            row(f"vtest, our own tracks: {what}", target, f"{value:.3f} ({value / true - 1:+.1%})")


def throughput(args):
    """`analyze --no-video` and ONNX Runtime alone, in turns, since the machine's speed drifts."""
    ours, alone, ratios = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            summary, _ = analyze(folder, "--no-video")
            bare = json.loads(run(ORT_ALONE, "--size", summary["input_size"], "--workers", summary["workers"],
                                  "--threads", 1, "--seconds", max(5, summary["wall_s"])))
            ours.append(summary["fps"])
            alone.append(bare["frames_per_second"])
            ratios.append(summary["fps"] / bare["frames_per_second"])
    row(
        f"analyze --no-video against ONNX Runtime alone, {summary['input_size']}, {summary['workers']} workers, "
        f"median of {args.rounds} turns",
        ">= 0.95",
        f"{statistics.median(ratios):.3f} ({statistics.median(ours):.1f} of {statistics.median(alone):.1f} frames/s; "
        f"ratios {', '.join(f'{ratio:.3f}' for ratio in ratios)})",
    )
    stages = summary["stages"]
    row("its stages, mean / p95 ms", "",
        ", ".join(f"{name} {stage['mean_ms']:.2f} / {stage['p95_ms']:.2f}" for name, stage in stages.items()))


def memory(_args):
    with tempfile.TemporaryDirectory() as folder:
        peaks = [analyze(folder, "--no-video")[0]["peak_resident_mb"] for _ in range(3)]
    row("peak memory of analyze --no-video, highest of 3", "<= 250 MB", f"{max(peaks):.0f} MB")


def scrape(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def total(series, name, label=""):
    return sum(value for key, value in series.items() if key.startswith(name + "{") and label in key)


def cameras(args):
    """Eight looped cameras at two analysed frames a second."""
    count, rate, seconds = 8, 2.0, args.camera_seconds
    parts = ['[server]\nlisten = "127.0.0.1:0"\n']
    for index in range(count):
        parts.append(
            f'[cameras.c{index}]\nanalysis_fps = {rate}\n[cameras.c{index}.source.file]\n'
            f'path = "{SAMPLE}"\nfps = 7\nrepeat = true\n'
            f'[cameras.c{index}.zones.all]\ncoords = "normalized"\npolygon = [[0, 0], [1, 0], [1, 1], [0, 1]]\n'
        )
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "eight.toml"
        config.write_text("\n".join(parts))
        command = [CROWDFLOW, "run", "-c", config, "--for-seconds", str(seconds + 15)]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
            address = service.stdout.readline().split("http://")[1].strip().rstrip("/")
            time.sleep(5)  # what is measured is the steady state
            before, begun = scrape(address), time.monotonic()
            ages_s = []
            while time.monotonic() - begun < seconds:
                time.sleep(0.25)
                with urllib.request.urlopen(f"http://{address}/api/v1/state", timeout=5) as answer:
                    ages_s += [camera["age_s"] for camera in json.load(answer)["cameras"]]
            after, elapsed = scrape(address), time.monotonic() - begun
            if service.wait() != 0:
                sys.exit("the service did not end well")
    grown = lambda name, label="": total(after, name, label) - total(before, name, label)
    due, analysed = count * rate * elapsed, grown("crowdflow_frames_analysed_total")
    dropped = grown("crowdflow_frames_dropped_total")
    results = grown("crowdflow_result_age_seconds_count")
    within = grown("crowdflow_result_age_seconds_bucket", 'le="0.3"') / results
    ages_s.sort()
    row(f"eight cameras at 2 frames/s for {elapsed:.0f} s: analysed of those due by the clock", ">= 98 %",
        f"{analysed / due:.1%} ({analysed:.0f} of {due:.0f}, {dropped:.0f} dropped)")
    row("age of the newest result, of each camera four times a second: p95", "<= 700 ms",
        f"{ages_s[int(0.95 * len(ages_s))] * 1000:.0f} ms (median {statistics.median(ages_s) * 1000:.0f}; "
        f"{within:.1%} of results were ready within 300 ms of their frame)")


def alerts(args):
    """From a frame to its alert in the store and at a webhook."""
    stored_s, sent_s = alert_latency.measure(CROWDFLOW, SAMPLE, args.camera_seconds)
    p95 = lambda ages_s: ages_s[int(0.95 * len(ages_s))] * 1000
    target = f"<= {1000 / alert_latency.FPS + 300:.0f} ms"
    for what, ages_s in [("in the store", stored_s), ("at the webhook", sent_s)]:
        row(f"frame to alert {what}, p95 of {len(ages_s)} transitions", target,
            f"{p95(ages_s):.0f} ms (median {statistics.median(ages_s) * 1000:.0f}, longest {ages_s[-1] * 1000:.0f})")


def api(args):
    """Logins, and the live state at 200 requests a second, with and without accounts."""
    for accounts in ("required", "off"):
        logins_s, answers_s = api_load.measure(CROWDFLOW, DEMO, SAMPLE, accounts, args.camera_seconds / 2, 60)
        share = lambda ages_s, part: api_load.share(ages_s, part)
        if logins_s:
            row(f"login, p95 of {len(logins_s)}", "", f"{share(logins_s, 0.95):.0f} ms (median {share(logins_s, 0.5):.0f})")
        how = "with a session" if logins_s else "without accounts"
        row(f"`/api/v1/state` at 200 requests/s {how}, p99 of {len(answers_s)}", "<= 20 ms",
            f"{share(answers_s, 0.99):.1f} ms (median {share(answers_s, 0.5):.1f}, longest {share(answers_s, 1):.1f})")


def viewed(args):
    """What a hundred viewers of events and twenty of pictures cost the demo, and how late they are told."""
    for line in viewers.rows(*viewers.measure(CROWDFLOW, DEMO, SAMPLE, args.camera_seconds / 2, args.rounds)):
        row(*line)


def tracker(args):
    """The tracker against those of the package `trackers`, and its cost a frame."""
    mot17 = Path(args.data) / "mot17"
    if mot17.is_dir():
        table = run(ROOT / "scripts/compare_trackers.sh", "--data", args.data, "--crowdflow", CROWDFLOW)
        print("\n```text\n" + table.strip() + "\n```\n", flush=True)
    else:
        print(f"skipped: no sequences at {mot17}", file=sys.stderr)
    bench = run("cargo", "bench", "--quiet", "--bench", "tracker", "--manifest-path", ROOT / "Cargo.toml")
    print("```text\n" + bench[bench.index("ms a frame"):].strip() + "\n```\n", flush=True)


def rows_of(path):
    return [[float(value) for value in line.split(",")] for line in Path(path).read_text().splitlines()]


def box(row):
    left, top, width, height = row[2:6]
    return left, top, left + width, top + height


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda of: (of[2] - of[0]) * (of[3] - of[1])
    return width * height / (area(a) + area(b) - width * height)


class Stills:
    """Detections against the boxes of pedestrians at least a quarter visible; all other boxes are ignored."""

    def __init__(self):
        self.people, self.found, self.by_person = 0, [], []

    def add(self, truth, detections, frames, scale):
        """`scale`: input pixels per pixel of the picture."""
        for frame in range(1, frames + 1):
            rows = [row for row in truth if row[0] == frame]
            people = [row for row in rows if row[7] == 1 and row[6] == 1 and row[8] >= 0.25]
            ignored = [box(row) for row in rows if row not in people]
            scores = [0.0] * len(people)
            for row in sorted((row for row in detections if row[0] == frame), key=lambda row: -row[6]):
                free = ((iou(box(row), box(person)), index) for index, person in enumerate(people) if not scores[index])
                best, index = max(free, default=(0.0, None))
                if best >= 0.5:
                    scores[index] = row[6]
                    self.found.append((row[6], True))
                elif not any(iou(box(row), other) >= 0.5 for other in ignored):
                    self.found.append((row[6], False))
            self.people += len(people)
            self.by_person += [(person[5] * scale, person[8], score) for person, score in zip(people, scores)]

    def curve(self):
        self.found.sort(key=lambda pair: -pair[0])
        right, points = 0, []
        for rank, (score, is_right) in enumerate(self.found, 1):
            right += is_right
            points.append((score, right / self.people, right / rank))
        return points

    def average_precision(self):
        area, envelope, recall_after = 0.0, 0.0, None
        for _, recall, precision in reversed(self.curve()):
            if recall_after is not None:
                area += (recall_after - recall) * envelope
            envelope, recall_after = max(envelope, precision), recall
        return area + (recall_after or 0.0) * envelope

    def at(self, threshold):
        """Recall and precision."""
        points = [point for point in self.curve() if point[0] >= threshold]
        return points[-1][1:] if points else (0.0, 0.0)


# Megapixels of network input a second: what two slow cores get through, and a fifth of that.
GENEROUS, TIGHT = 12.0, 2.4
INPUTS = {
    "default": "",
    "auto": 'input_size = "auto"',
    "auto, 5 frames/s of 12 megapixels/s": ('input_size = "auto"\nkeep_fps = 5', GENEROUS),
    "auto, 5 frames/s of 2.4 megapixels/s": ('input_size = "auto"\nkeep_fps = 5', TIGHT),
    "832x480": 'input_size = "832x480"',
    "1280x736": 'input_size = "1280x736"',
    "1920x1088": 'input_size = "1920x1088"',
    "2x2 tiles of 832x480": 'input_size = "832x480"\ninput_tiles = [2, 2]',
    "3x2 tiles of 608x480": 'input_size = "608x480"\ninput_tiles = [3, 2]',
}
HEIGHTS_PX = [0, 32, 40, 48, 56, 64, 80, 96, 128, 160, 240]


def chosen_input(args):
    """Inputs that are chosen, given and in tiles: on the MOT17 pictures by detection, on vtest by tracks and counts."""
    stills, heights = Path(args.data) / "mot17", []
    print("\n| MOT17 pictures | input | megapixels | AP50 | recall / precision at 0.55 | at 0.3 |\n|---|---|---|---|---|---|")
    for number in ("04", "02"):
        sequence = stills / f"MOT17-{number}-FRCNN"
        if not (sequence / "img1").is_dir():
            print(f"skipped: no pictures at {sequence}", file=sys.stderr)
            continue
        truth, frames = rows_of(sequence / "gt/gt.txt"), len(list((sequence / "img1").glob("*.jpg")))
        truth = [row for row in truth if row[0] <= frames]
        for name, keys in INPUTS.items():
            keys, speed = keys if isinstance(keys, tuple) else (keys, None)
            with tempfile.TemporaryDirectory() as folder:
                config, out = Path(folder) / "stills.toml", Path(folder) / "out"
                speed = f"megapixels_per_s = {speed}\n" if speed else ""
                config.write_text(f"[inference]\nlow_score = 0.1\n{speed}[cameras.a]\n{keys}\n[cameras.a.source.images]\n"
                                  f'path = "{sequence / "img1"}"\nfps = 30\n')
                summary = json.loads(run(CROWDFLOW, "analyze", "-c", config, "--out", out, "--no-video", "--detections", "--json"))
                detections = rows_of(out / "detections.txt")
            used = summary["input"]
            grid, (_, _, _, height) = used["tiles"], used["crop_px"]
            width_px, height_px = map(int, used["size"].split("x"))
            # A tile's share of the picture's height follows from the usual overlap of a fifth.
            tile_height = height / (grid[1] - 0.2 * (grid[1] - 1))
            scored = Stills()
            scored.add(truth, detections, frames, min(height_px / tile_height, 1e9))
            if not name.startswith("auto"):
                heights += scored.by_person
            tiles = "" if grid == [1, 1] else f"{grid[0]}x{grid[1]} of "
            recall, precision = scored.at(0.55)
            low_recall, low_precision = scored.at(0.3)
            print(f"| {number}, {name} | {tiles}{used['size']} | {used['input_px'] / 1e6:.2f} | {scored.average_precision():.3f} "
                  f"| {recall:.2f} / {precision:.2f} | {low_recall:.2f} / {low_precision:.2f} |", flush=True)
    if heights:
        print("\n| height in the input | boxes | recall at 0.3 | at 0.4 | at 0.55 |\n|---|---|---|---|---|")
        for low, high in zip(HEIGHTS_PX, HEIGHTS_PX[1:]):
            scores = [score for height, visible, score in heights if visible >= 0.8 and low <= height < high]
            if scores:
                recalls = (sum(score >= level for score in scores) / len(scores) for level in (0.3, 0.4, 0.55))
                print(f"| {low} to {high} px | {len(scores)} | " + " | ".join(f"{recall:.2f}" for recall in recalls) + " |")
    truth = Path(args.data) / "pets/gt.txt"
    print("\n| vtest | input | MOTA | IDF1 | count MAE | zone `centre` | line in / out |\n|---|---|---|---|---|---|---|")
    inputs = {"default": "", "auto, whole picture": 'input_size = "auto"\nregion = "whole"', "auto": 'input_size = "auto"',
              "2x2 tiles of 320x256": 'input_size = "320x256"\ninput_tiles = [2, 2]'}
    for name, keys in inputs.items() if truth.is_file() else ():
        with tempfile.TemporaryDirectory() as folder:
            summary, out = analyze(folder, "--no-video", keys=keys)
            scores = run(CROWDFLOW, "evaluate", "--gt", truth, "--tracks", out / "tracks.txt", "--json", "--forgive-unscored")
        scores, used, line = json.loads(scores)["combined"], summary["input"], summary["lines"]["x384"]["person"]
        # What is outside the part that is looked at is not seen: whole-picture scores say nothing of it.
        whole = used["crop_px"] == [0, 0, 768, 576]
        figures = [scores["clear"]["mota"], scores["identity"]["idf1"], scores["count"]["mae"]]
        figures = " | ".join(f"{figure:.3f}" if whole else "-" for figure in figures)
        print(f"| {name} | {used['size']} | {figures} | {summary['zones']['centre']['person']['mean_occupancy']:.2f} "
              f"| {line['in']} / {line['out']} |", flush=True)


def main():
    global CROWDFLOW
    parts = {"accuracy": accuracy, "density": density, "throughput": throughput, "memory": memory, "cameras": cameras,
             "alerts": alerts, "api": api, "viewers": viewed, "tracker": tracker, "input": chosen_input}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("CROWDFLOW_SHARED_DATA", ROOT.parent / "shared/data"), help="folder with the ground truth")
    parser.add_argument("--only", choices=parts, action="append", help="measure this only; may be given again")
    parser.add_argument("--rounds", type=int, default=5, help="turns where two things are compared")
    parser.add_argument("--camera-seconds", type=float, default=60, help="how long the eight cameras are watched")
    parser.add_argument("--program", type=Path, default=CROWDFLOW, help="which build; accuracy is the same for all")
    args = parser.parse_args()
    CROWDFLOW = args.program
    commit = run("git", "-C", ROOT, "rev-parse", "--short", "HEAD").strip()
    print(f"{time.strftime('%Y-%m-%d')}, commit {commit}\n\n| what | target | measured |\n|---|---|---|", flush=True)
    for name in args.only or parts:
        parts[name](args)


if __name__ == "__main__":
    main()
