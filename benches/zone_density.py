"""A zone's densities of `analyze` beside those of the ground truth, and who is missed where they differ."""

import csv
from collections import Counter, defaultdict

# Somebody is hidden where another's box covers this share of theirs…
HIDDEN = 0.3
# …and found where a track's box overlaps theirs by so much.
FOUND_IOU = 0.3


def boxes(path, scored_only):
    """Frame -> boxes (id, left, top, width, height); of the ground truth, those with conf 0 apart."""
    frames = defaultdict(list)
    for line in open(path):
        number = [float(field) for field in line.split(",")]
        if not scored_only or number[6] > 0:
            frames[int(number[0])].append(tuple(number[1:6]))
    return frames


def shared(a, b):
    width = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    height = min(a[2] + a[4], b[2] + b[4]) - max(a[2], b[2])
    return max(0.0, width) * max(0.0, height)


def iou(a, b):
    both = shared(a, b)
    return both / (a[3] * a[4] + b[3] * b[4] - both)


def inside(zone, box):
    (x0, y0, x1, y1), x, y = zone, box[1] + box[3] / 2, box[2] + box[4]
    return x0 <= x < x1 and y0 <= y < y1


def causes(truth, tracks, zone, frames):
    """Person-frames by what is wrong with them."""
    count = Counter()
    unseen_since = {}
    for frame in range(1, frames + 1):
        people, found = truth[frame], tracks[frame]
        pairs = sorted(((iou(a, b), i, j) for i, a in enumerate(people) for j, b in enumerate(found)), reverse=True)
        track_of, taken = {}, set()
        for overlap, i, j in pairs:
            if overlap >= FOUND_IOU and i not in track_of and j not in taken:
                track_of[i] = j
                taken.add(j)
        for i, person in enumerate(people):
            is_in = inside(zone, person)
            count["people"] += is_in
            if i in track_of:
                count["at the border"] += is_in != inside(zone, found[track_of[i]])
                unseen_since.pop(person[0], None)
            elif is_in:
                hidden = max((shared(person, other) for other in people if other is not person), default=0.0)
                count["hidden" if hidden >= HIDDEN * person[3] * person[4] else "missed in the open"] += 1
                since = unseen_since.setdefault(person[0], frame)
                count["longest missed"] = max(count["longest missed"], frame - since + 1)
        count["nobody there"] += sum(inside(zone, box) for j, box in enumerate(found) if j not in taken)
    return count


def read(path, wanted):
    with open(path) as file:
        return [row for row in csv.DictReader(file) if wanted(row)]


def error(ours, truth, frames):
    """Mean absolute error of the means over so many frames, as a share of the mean."""
    means = lambda series: [sum(series[i : i + frames]) / frames for i in range(len(series) - frames + 1)]
    off = [abs(a - b) for a, b in zip(means(ours), means(truth))]
    return sum(off) / len(off) / (sum(truth) / len(truth))
