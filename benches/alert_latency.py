"""From a frame to its alert in the store and at a webhook: `crowdflow run` on the sample, one camera, seven frames a
second, rules that rise and fall all the time."""

import http.server
import json
import sqlite3
import subprocess
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

FPS = 7
# A rule a count: each rises and falls as people come and go.
COUNTS = range(1, 9)


def config(folder, sample, port):
    rules = "".join(
        f'[rules.at_least_{count}]\nzone = "walkway/all"\nmeasure = "occupancy"\n'
        f"levels.blue = {{ raise = {count}, hold_s = 0, clear = {count - 0.5}, clear_hold_s = 0 }}\n"
        for count in COUNTS
    )
    path = Path(folder) / "latency.toml"
    path.write_text(
        f'[server]\nlisten = "127.0.0.1:0"\naccounts = "off"\n[store]\nfile = "latency.db"\n'
        f'[cameras.walkway.source.file]\npath = "{sample}"\nfps = {FPS}\nrepeat = true\n'
        f"[cameras.walkway.zones.all]\npolygon = [[0.3, 0.2], [0.8, 0.2], [0.8, 0.8], [0.3, 0.8]]\n"
        f'{rules}[destinations.hook.webhook]\nurl = "http://127.0.0.1:{port}/alerts"\n'
    )
    return path


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        received = time.time()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        # A frame's time is that of the event; that a day has gone by, say, is told without one.
        if body["kind"] in ("raised", "lowered", "cleared"):
            self.server.ages_s.append(received - datetime.fromisoformat(body["time"]).timestamp())

    def log_message(self, *_):
        pass


def watch_store(path, ages_s, stop):
    """Sees new transitions within a few milliseconds of their commit."""
    while not path.exists() and not stop.is_set():
        time.sleep(0.01)
    store, newest = None, 0
    while not stop.is_set():
        try:
            store = store or sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            rows = store.execute("SELECT rowid, at_us FROM alert_transition WHERE rowid > ? AND kind IN "
                                 "('raised', 'lowered', 'cleared') ORDER BY rowid", (newest,)).fetchall()
        except sqlite3.OperationalError:  # its tables are about to be made
            rows = []
        now = time.time()
        ages_s += [now - at_us / 1e6 for _, at_us in rows]
        newest = rows[-1][0] if rows else newest
        time.sleep(0.002)


def measure(crowdflow, sample, seconds):
    """Ages in seconds, in the store and at the webhook."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.ages_s = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stored_s, stop = [], threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        path = config(folder, sample, server.server_address[1])
        watcher = threading.Thread(target=watch_store, args=(Path(folder) / "latency.db", stored_s, stop))
        watcher.start()
        command = [crowdflow, "run", "-c", path, "--for-seconds", str(seconds)]
        ended = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        stop.set()
        watcher.join()
    server.shutdown()
    if ended.returncode != 0:
        raise SystemExit(f"the service did not end well:\n{ended.stderr}")
    return sorted(stored_s), sorted(server.ages_s)
