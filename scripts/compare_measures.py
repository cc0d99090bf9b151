"""Density, speed, flow and crossings of recorded walkers: ours beside PedPy's.

  compare_measures.py compare --ours PROGRAM --data FOLDER   runs PROGRAM (examples/trajectory_measures) and PedPy on each
                                                         experiment of tests/reference/experiments.json that is in
                                                         FOLDER or in tests/reference, prints both and the differences
  compare_measures.py golden                                 writes the trajectories of tests/reference/meeting_point and
                                                         PedPy's figures for them

`compare` exits with 1 where a density, speed or flow differs by more than 1e-6, or a crossing does.

An experiment's folder holds trajectories.txt or trajectories.txt.gz: id, frame, x, y a line.
"""

import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pedpy
import shapely

REFERENCE = pathlib.Path(__file__).resolve().parent.parent / "tests" / "reference"
TOLERANCE = 1e-6
CUT_OFF = pedpy.Cutoff(radius=0.8, quad_segments=3)

# Who walks where, as (second, x, y) in metres; straight and even in between. Two groups meet at an obstacle; one person
# turns round behind the line, one stands, and one crosses the line in the very last step.
WAYS = [
    [(0.0, 0.3, 1.0), (4.0, 5.3, 1.2)],
    [(0.0, 0.9, 0.6), (4.0, 5.7, 0.5)],
    [(0.3, 0.4, 1.6), (2.0, 2.4, 1.5), (4.0, 4.9, 1.7)],
    [(0.0, 1.4, 1.4), (1.5, 2.5, 1.3), (4.0, 3.9, 1.1)],
    [(0.0, 5.65, 2.9), (4.0, 0.4, 2.7)],
    [(0.0, 5.1, 3.1), (2.0, 3.15, 2.6), (4.0, 1.1, 3.1)],
    [(0.5, 5.7, 2.4), (4.0, 1.9, 2.4)],
    [(0.0, 4.45, 2.5), (1.6, 2.8, 3.4), (2.4, 3.4, 3.5), (4.0, 2.2, 3.6)],
    [(0.0, 3.8, 0.9), (4.0, 3.8, 0.9)],
    [(0.0, 2.1, 2.6), (1.0, 2.15, 2.62), (4.0, 2.05, 2.55)],
    [(0.0, 1.0, 3.7), (3.9, 2.98, 3.0), (4.0, 3.04, 3.0)],
    [(1.0, 3.6, 3.8), (3.0, 3.7, 3.2), (4.0, 4.6, 2.9)],
]


def hand_written(fps):
    lines = ["# made by scripts/compare_measures.py golden; id frame x/m y/m"]
    for person, way in enumerate(WAYS, start=1):
        seconds, xs, ys = zip(*way)
        for frame in range(round(seconds[0] * fps), round(seconds[-1] * fps) + 1):
            at = frame / fps
            lines.append(f"{person} {frame} {np.interp(at, seconds, xs):.4f} {np.interp(at, seconds, ys):.4f}")
    return "\n".join(lines) + "\n"


def read_trajectories(folder, case):
    path = folder / "trajectories.txt"
    text = path.read_text() if path.exists() else gzip.open(folder / "trajectories.txt.gz", "rt").read()
    rows = [line.split()[:4] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    data = pd.DataFrame([(int(i), int(f), float(x), float(y)) for i, f, x, y in rows], columns=["id", "frame", "x", "y"])
    data[["x", "y"]] *= case["metres_per_unit"]
    return pedpy.TrajectoryData(data=data, frame_rate=float(case["fps"]))


def all_crossings(trajectories, line):
    """Every step that meets the line without touching its ends or ending on it, by shapely; 1 is to the left."""
    (ax, ay), (bx, by) = line
    rows = []
    for person, way in trajectories.data.groupby("id"):
        points = way.sort_values("frame")[["x", "y"]].to_numpy()
        frames = way.sort_values("frame").frame.to_numpy()
        steps = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
        for index in np.flatnonzero(shapely.crosses(steps, shapely.LineString(line))):
            x, y = points[index + 1]
            left = (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0
            rows.append((person, frames[index + 1], 1 if left else -1))
    return pd.DataFrame(rows, columns=["id", "frame", "direction"])


def by_pedpy(case, trajectories):
    line, area = pedpy.MeasurementLine(case["line"]), pedpy.MeasurementArea(case["area"])
    walkable = pedpy.WalkableArea(case["walkable"], case["obstacles"])
    speed = pedpy.compute_individual_speed(
        traj_data=trajectories,
        frame_step=case["speed_frame_step"],
        speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED,
    )
    velocity = pedpy.compute_individual_speed(
        traj_data=trajectories,
        frame_step=case["speed_frame_step"],
        speed_calculation=pedpy.SpeedCalculation.BORDER_SINGLE_SIDED,
        compute_velocity=True,
    )
    nt, crossing_frames = pedpy.compute_n_t(traj_data=trajectories, measurement_line=line)
    some = trajectories.data[trajectories.data.frame % case["voronoi_stride"] == 0]
    cells = pedpy.compute_individual_voronoi_polygons(
        traj_data=pedpy.TrajectoryData(data=some[["id", "frame", "x", "y"]], frame_rate=trajectories.frame_rate),
        walkable_area=walkable,
        cut_off=CUT_OFF,
    )
    voronoi, _ = pedpy.compute_voronoi_density(individual_voronoi_data=cells, measurement_area=area)
    flow = pedpy.compute_flow(
        nt=nt,
        crossing_frames=crossing_frames,
        individual_speed=speed,
        delta_frame=case["flow_delta_frames"],
        frame_rate=trajectories.frame_rate,
    )
    line_flow = pedpy.compute_line_flow(
        individual_voronoi_polygons=cells,
        measurement_line=line,
        individual_speed=velocity,
        species=pedpy.compute_species(
            trajectory_data=trajectories,
            individual_voronoi_polygons=cells,
            measurement_line=line,
            frame_step=case["speed_frame_step"],
        ),
    )
    line_flow = line_flow.rename(columns={"j_sp+1": "flow_sp+1", "j_sp-1": "flow_sp-1"}).sort_values("frame").fillna(0.0)
    return {
        "line_flow": line_flow[["frame", "flow_sp+1", "flow_sp-1"]],
        "classic_density": pedpy.compute_classic_density(traj_data=trajectories, measurement_area=area),
        "voronoi_density": voronoi[voronoi.frame % case["voronoi_stride"] == 0],
        "individual_speed": speed[["id", "frame", "speed"]].sort_values(["id", "frame"]),
        "mean_speed_area": pedpy.compute_mean_speed_per_frame(
            traj_data=trajectories, individual_speed=speed, measurement_area=area
        ),
        "nt": nt[["frame", "cumulative_pedestrians"]],
        "flow": flow[["flow"]],
        "all_crossings": all_crossings(trajectories, case["line"]),
    }


def write_golden(cases):
    name = "meeting_point"
    folder = REFERENCE / name
    folder.mkdir(exist_ok=True)
    (folder / "trajectories.txt").write_text(hand_written(cases[name]["fps"]))
    for measure, table in by_pedpy(cases[name], read_trajectories(folder, cases[name])).items():
        table.to_csv(folder / f"{measure}.csv", index=False, float_format="%.12g", lineterminator="\n")


def row(name, what, ours, theirs, difference):
    print(f"{name:18} {what:34} {ours:>12} {theirs:>12}   {difference}")


def compare(cases, program, data):
    row("experiment", "", "ours", "PedPy", "largest and mean difference")
    differs = []
    for name, case in cases.items():
        folder = next((place / name for place in (data, REFERENCE) if place and (place / name).is_dir()), None)
        if folder is None:
            print(f"{name:18} skipped: no folder of that name")
            continue
        theirs = by_pedpy(case, read_trajectories(folder, case))
        with tempfile.TemporaryDirectory() as out:
            arguments = [program, REFERENCE / "experiments.json", name, folder, out]
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
            ours = {measure: pd.read_csv(pathlib.Path(out) / f"{measure}.csv") for measure in theirs}
        for measure, column, keys in [
            ("classic_density", "density", ["frame"]),
            ("voronoi_density", "density", ["frame"]),
            ("individual_speed", "speed", ["id", "frame"]),
            ("mean_speed_area", "speed", ["frame"]),
            ("nt", "cumulative_pedestrians", ["frame"]),
            ("line_flow", "flow_sp+1", ["frame"]),
            ("line_flow", "flow_sp-1", ["frame"]),
        ]:
            both = theirs[measure].merge(ours[measure], on=keys, suffixes=("_theirs", "_ours"), how="outer")
            a, b = both[f"{column}_ours"].fillna(0.0), both[f"{column}_theirs"].fillna(0.0)
            off = (a - b).abs()
            what = measure if measure != "line_flow" else f"line {column}, 1/(m s)"
            if not off.max() <= TOLERANCE:
                differs.append(f"{name}: {what}")
            row(name, f"{what} mean", f"{a.mean():.6f}", f"{b.mean():.6f}", f"{off.max():.2e} {off.mean():.2e}")
        a, b = ours["flow"].flow.to_numpy(), theirs["flow"].flow.to_numpy()
        same = len(a) == len(b)
        off = f"{np.abs(a - b).max():.2e} {np.abs(a - b).mean():.2e}" if same and len(a) else f"{len(a)} and {len(b)} windows"
        if not (same and np.allclose(a, b, rtol=0, atol=TOLERANCE)):
            differs.append(f"{name}: flow")
        row(name, "flow mean, 1/s", f"{a.mean():.6f}", f"{b.mean():.6f}", off)
        tables = [set(map(tuple, t["all_crossings"].to_numpy())) for t in (ours, theirs)]
        if tables[0] != tables[1]:
            differs.append(f"{name}: crossings")
        row(name, "all crossings (theirs: shapely)", len(tables[0]), len(tables[1]), f"{len(tables[0] ^ tables[1])} differ")
    print(f"differs: {', '.join(differs)}" if differs else f"all figures agree to {TOLERANCE:g}")
    return 1 if differs else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("golden")
    comparison = commands.add_parser("compare")
    comparison.add_argument("--ours", type=pathlib.Path, required=True, help="the built example trajectory_measures")
    comparison.add_argument("--data", type=pathlib.Path, help="folder with a folder for each experiment")
    arguments = parser.parse_args()
    cases = json.loads((REFERENCE / "experiments.json").read_text())
    if arguments.command == "golden":
        write_golden(cases)
    else:
        return compare(cases, arguments.ours.resolve(), arguments.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
