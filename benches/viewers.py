"""What viewers cost: the demo detects people while a hundred look at its events and twenty at its pictures.

The viewers run on the same machine, so that what they take is counted against the service too."""

import asyncio
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path

EVENTS, PICTURES = 100, 20
# Transitions have to come often enough to be measured: each of these rises and falls as people come and go.
RULES = "".join(
    f'[rules.at_least_{count}]\nzone = "walkway/centre"\nmeasure = "occupancy"\n'
    f"levels.blue = {{ raise = {count}, hold_s = 0, clear = {count - 0.5}, clear_hold_s = 0 }}\n"
    for count in range(1, 9)
)
# What is measured is the steady state.
SETTLE_S = 5
TIME = re.compile(rb'"time":"([^"]+)"')
LAST_FRAME = re.compile(rb'"last_frame":"([^"]+)"')


def seconds(written):
    return datetime.fromisoformat(written.decode()).timestamp()


class Seen:
    """How old what viewers were told was, in seconds."""

    def __init__(self):
        self.events_s, self.frames_s, self.transitions_s, self.pictures = [], [], [], 0


async def connect(address, path):
    reader, writer = await asyncio.open_connection(*address, limit=1 << 22)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"{path} was answered {status.decode().strip()}")
    return reader, writer


async def watch_events(address, seen):
    """Only the times are looked for: to read all of it would take more than to serve it."""
    reader, writer = await connect(address, "/api/v1/events")
    newest = None
    try:
        while True:
            line = await reader.readline()
            if not line:
                raise RuntimeError("the service closed a stream of events")
            if not line.startswith(b"data: "):
                continue
            now = time.time()
            seen.events_s.append(now - seconds(TIME.search(line).group(1)))
            seen.frames_s += [now - seconds(frame.group(1)) for frame in LAST_FRAME.finditer(line)]
            before = newest
            for transition in TIME.finditer(line, line.index(b'"recent_alerts":')):
                at = seconds(transition.group(1))
                newest = max(newest or 0, at)
                if before is None or at <= before:
                    break
                seen.transitions_s.append(now - at)
            newest = newest or 0
    finally:
        writer.close()


async def watch_pictures(address, seen):
    reader, writer = await connect(address, "/cameras/walkway/live.mjpeg")
    try:
        while part := await reader.read(1 << 18):
            seen.pictures += part.count(b"image/jpeg")
        raise RuntimeError("the service closed a stream of pictures")
    finally:
        writer.close()


def counters(address):
    """Frames analysed, frames dropped, and the service's processor time since its start."""
    with urllib.request.urlopen(f"http://{address[0]}:{address[1]}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    names = ("crowdflow_frames_analysed_total", "crowdflow_frames_dropped_total", "process_cpu_seconds_total")
    return [sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + r"[ {]", line)) for name in names]


class Turn:
    """Some seconds of the service: its frames and drops a second, and the processors that it took."""

    def __init__(self, before, after, elapsed_s):
        self.analysed_fps, self.dropped_fps, self.cores = ((new - old) / elapsed_s for old, new in zip(before, after))


async def turn(address, length_s, viewers):
    watching = [asyncio.create_task(viewer) for viewer in viewers]
    try:
        await asyncio.sleep(SETTLE_S)
        before, begun = await asyncio.to_thread(counters, address), time.monotonic()
        await asyncio.sleep(length_s)
        after, elapsed_s = await asyncio.to_thread(counters, address), time.monotonic() - begun
    finally:
        for task in watching:
            task.cancel()
        ended = await asyncio.gather(*watching, return_exceptions=True)
    for fault in ended:
        if not isinstance(fault, asyncio.CancelledError):
            raise fault
    return Turn(before, after, elapsed_s)


async def turns(address, length_s, rounds):
    """In turns without and with viewers, since the machine's speed drifts."""
    seen, alone, watched = Seen(), [], []
    for _ in range(rounds):
        alone.append(await turn(address, length_s, []))
        viewers = [watch_events(address, seen) for _ in range(EVENTS)]
        viewers += [watch_pictures(address, seen) for _ in range(PICTURES)]
        watched.append(await turn(address, length_s, viewers))
    return seen, alone, watched


def measure(crowdflow, demo, sample, length_s, rounds):
    """What was seen, and the turns without and with viewers."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "demo.toml"
        text = demo.read_text().replace("../sample/vtest.avi", str(sample)).replace("../out/demo.db", "demo.db")
        config.write_text(text.replace("127.0.0.1:8090", "127.0.0.1:0") + RULES)
        command = [str(crowdflow), "run", "-c", str(config)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
            try:
                host, port = service.stdout.readline().split("http://")[1].strip().rstrip("/").split(":")
                return asyncio.run(turns((host, int(port)), length_s, rounds))
            finally:
                service.terminate()


def rows(seen, alone, watched):
    """Lines of the table: what, target, measured."""
    p95 = lambda ages_s: sorted(ages_s)[int(0.95 * len(ages_s))] * 1000
    ratios = [with_viewers.analysed_fps / without.analysed_fps for without, with_viewers in zip(alone, watched)]
    median = lambda turns, of: statistics.median(getattr(one, of) for one in turns)
    yield (f"frames analysed with {EVENTS} viewers of events and {PICTURES} of pictures against none, median of {len(ratios)} turns",
           ">= 0.97", f"{statistics.median(ratios):.3f} ({median(watched, 'analysed_fps'):.2f} of {median(alone, 'analysed_fps'):.2f} "
           f"frames/s; ratios {', '.join(f'{ratio:.3f}' for ratio in ratios)}; {median(watched, 'cores'):.2f} of "
           f"{median(alone, 'cores'):.2f} cores; {seen.pictures} pictures sent)")
    yield f"an event at its viewer, from when it was written, p95 of {len(seen.events_s)}", "<= 300 ms", f"{p95(seen.events_s):.0f} ms"
    yield f"a frame to the event that tells of it at its viewer, p95 of {len(seen.frames_s)}", "", f"{p95(seen.frames_s):.0f} ms"
    yield (f"a frame to its alert at its viewer, p95 of {len(seen.transitions_s)}", "<= 300 ms",
           f"{p95(seen.transitions_s):.0f} ms (longest {max(seen.transitions_s) * 1000:.0f})")
