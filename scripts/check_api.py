"""Holds the running service against its own description, GET /api/v1/openapi.json, with schemathesis.

It starts the program with accounts, a store, evidence and the sample video in a folder of its own, makes what addresses
name (alerts, evidence, sessions, versions), adds those names to the description as examples, and has every operation
asked with them, with values at the limits of their schemas and with values beyond them. The examples and random values
are the same each time. What streams without an end is read up to its first event or picture.

  check_api.sh [CROWDFLOW]   the program; default: target/release/crowdflow
  check_api.sh --prepare     only makes the Python environment
"""

import atexit
import copy
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

import jsonschema_rs
import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEED = 20261124
MOST_EXAMPLES = 10
# What an alert, a picture of it, and samples of a minute need on a slow machine.
PATIENCE_S = 90
# This script does these itself: the first admin is made once, and with another configuration the service starts anew.
BY_HAND = {"POST /api/v1/setup", "POST /api/v1/config"}

MORE_CONFIG = """
[server]
listen = "127.0.0.1:0"
# Each request says that it comes from another address: no more than some logins may fail from one.
behind_proxy = true

[store]
file = "store.db"

[evidence]
folder = "evidence"
before_s = 1
after_s = 1

[output]
heat_maps = "heat_maps"

[sources.campus]
stale_after_s = 3600
http.token_env = "CAMPUS_TOKEN"
zones.hall = { name = "Hall", area_m2 = 400 }
lines.gate = { name = "Gate" }

[rules.hall_full]
zone = "campus/hall"
measure = "occupancy"
levels.blue = { raise = 10, hold_s = 0, clear = 5, clear_hold_s = 0 }

[sites.square]
zones = ["walkway/centre", "campus/hall"]
unit = "north"
capacity = 500

[units.north]
name = "North"

[plans.square_blue]
site = "square"
level = "blue"
steps = [{ id = "look", kind = "send_patrol", text = "Look" }]

[calendar]
time_zone = "Asia/Shanghai"

[profiles.festival]
name = "Festival"
"""


def fail(message):
    sys.exit(f"api: failed: {message}")


def configuration():
    """The demo's camera, with all else that has an address."""
    demo = (ROOT / "config/demo.toml").read_text()
    camera = demo[demo.index("[cameras.walkway]") :]
    video = ROOT / "sample/vtest.avi"
    if not video.exists():
        fail(f"{video} not found: scripts/setup.sh fetches it")
    camera = camera.replace('"demo_map.png"', f'"{ROOT / "config/demo_map.png"}"')
    return MORE_CONFIG + camera.replace("../sample/vtest.avi", str(video))


class Service:
    """The program, and somebody who looks after it."""

    def __init__(self, program, folder):
        self.password = secrets.token_urlsafe(12)
        self.campus_token = secrets.token_urlsafe(24)
        config = folder / "site.toml"
        config.write_text(configuration())
        environment = {**os.environ, "CAMPUS_TOKEN": self.campus_token, "NO_COLOR": "1"}
        self.log_path = folder / "log"
        self.process = subprocess.Popen(
            [program, "run", "--config", config],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=self.log_path.open("w"),
            text=True,
        )
        # However this ends.
        atexit.register(self.process.kill)
        self.url, token = self.wait_for("the link that makes the first admin", self._link)
        # A pipe that nobody reads stops the program one day.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.session = requests.Session()
        self.ask("POST", "/api/v1/setup", json={"token": token, "name": "chief", "password": self.password})
        add = [program, "user", "add", folder / "store.db", "guest", "--role", "admin"]
        subprocess.run(add, input=self.password + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        self.sign_in()

    def sign_in(self):
        signed_in = self.ask("POST", "/api/v1/session", json={"name": "chief", "password": self.password})
        self.session.headers["X-CSRF-Token"] = signed_in["csrf"]

    def _link(self):
        link = re.search(r"(http://127\.0\.0\.1:\d+)/setup#(\S+)", self.process.stdout.readline())
        return link and link.groups()

    def wait_for(self, what, look):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                fail(f"the program ended with {self.process.returncode}:\n{self.log()}")
            if found := look():
                return found
            time.sleep(0.1)
        fail(f"{what} did not come within {PATIENCE_S} s:\n{self.log()}")

    def log(self):
        return self.log_path.read_text()

    def ask(self, method, path, **more):
        response = self.session.request(method, self.url + path, timeout=30, **more)
        if not response.ok:
            fail(f"{method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def rfc3339(at):
    return at.isoformat().replace("+00:00", "Z")


def examples(service):
    """Names that there are: by the parameter's name, or by the operation and it; and bodies by the operation."""
    began = datetime.now(timezone.utc)
    ask = service.ask
    message = {
        "schema": 1,
        "at": rfc3339(began),
        "zones": {"hall": {"occupancy": 40}},
        "lines": {"gate": {"in_total": 7, "out_total": 3}},
    }
    campus = {"Authorization": f"Bearer {service.campus_token}"}
    requests.post(f"{service.url}/api/v1/sources/campus", json=message, headers=campus, timeout=10).raise_for_status()

    def alert_of(rule, kinds):
        for alert in ask("GET", f"/api/v1/alerts?rule={rule}")["alerts"]:
            evidence = ask("GET", f"/api/v1/alerts/{alert['id']}/evidence")["evidence"]
            if found := [row["number"] for row in evidence if row["kind"] in kinds]:
                return alert["id"], found
        return None

    pictured, numbers = service.wait_for("evidence", lambda: alert_of("crossing", ["picture", "samples"]))
    hall = service.wait_for("an open alert", lambda: ask("GET", "/api/v1/alerts?rule=hall_full&open=true")["alerts"])
    hall = hall[0]["id"]
    hour = {"from": rfc3339(began - timedelta(hours=1)), "to": rfc3339(began + timedelta(hours=1))}
    backtest = {"from": rfc3339(began - timedelta(minutes=1)), "to": rfc3339(began + timedelta(minutes=5))}
    place = "place=zone:walkway/centre&measures=occupancy"
    reads = f"/api/v1/history?{place}&from={hour['from']}&to={hour['to']}"
    service.wait_for("samples", lambda: ask("GET", reads)["measures"][0]["time_s"])
    config = ask("GET", "/api/v1/config")

    until = rfc3339(began + timedelta(days=2))
    token = {"name": "a program", "role": "viewer", "scope": "all", "expires": until}
    victim = ask("POST", "/api/v1/tokens", json=token)["id"]
    requests.post(
        f"{service.url}/api/v1/session", json={"name": "guest", "password": service.password}, timeout=10
    ).raise_for_status()
    sessions = [row["id"] for row in ask("GET", "/api/v1/sessions")["sessions"] if row["user"] == "guest"]
    harmless = [{"path": ["rules", "crossing", "name"], "value": "Crossing fills"}]
    parameters = {
        "alert": [pictured],
        "POST /api/v1/alerts/{alert}/actions alert": [hall],
        "camera": ["walkway"],
        "hash": [config["hash"]],
        "map": ["walkway"],
        "number": numbers[:2],
        "profile": ["festival"],
        "rule": ["crossing"],
        "GET /api/v1/alerts rule": ["crossing"],
        "session": sessions,
        "source": ["campus"],
        "token": [victim],
        "user": ["somebody"],
        "place": ["zone:walkway/centre", "line:walkway/middle"],
        "measures": ["occupancy", "flow_in,flow_out"],
        "from": [hour["from"]],
        "to": [hour["to"]],
    }
    bodies = {
        "POST /api/v1/alerts/{alert}/actions": [
            {"action": "acknowledge"},
            {"action": "comment", "text": "seen"},
            {"action": "shelve", "until": rfc3339(began + timedelta(minutes=30)), "reason": "a test"},
            {"action": "unshelve"},
            {"action": "escalate"},
            {"action": "step", "step": "look", "state": "done", "note": "looked"},
        ],
        "POST /api/v1/profiles/{profile}": [{"on": True}, {"on": False}],
        "POST /api/v1/drills": [{"rule": "crossing", "level": "red", "hold_s": 600}],
        "POST /api/v1/drills/{rule}/end": [{}],
        "POST /api/v1/sources/{source}": [{**message, "at": rfc3339(began + timedelta(milliseconds=500))}],
        # Made of another configuration: with the right hash it would be put in force in the midst of this.
        "POST /api/v1/config": [{"base": "0" * 64, "why": "a test", "edits": harmless}],
        "POST /api/v1/config/check": [{"edits": harmless}, {"text": "[server]\nlisten = 1\n"}],
        "POST /api/v1/config/camera": [{"camera": "walkway", "edits": harmless}],
        "POST /api/v1/config/ground": [{"camera": "walkway", "edits": harmless}],
        "POST /api/v1/config/backtest": [{**backtest, "edits": harmless}],
        "POST /api/v1/session": [{"name": "guest", "password": service.password}],
        "POST /api/v1/session/password": [{"old": service.password, "new": service.password}],
        "POST /api/v1/tokens": [token],
        "POST /api/v1/users": [
            {"name": "one more", "password": service.password, "role": "operator", "scope": {"only": {"sites": ["square"]}}}
        ],
        "PATCH /api/v1/users/{user}": [{"disabled": True}],
    }
    ask("POST", "/api/v1/users", json={**bodies["POST /api/v1/users"][0], "name": "somebody"})
    return parameters, bodies


def with_examples(description, parameters, bodies):
    """The description with names that there are."""
    named = lambda values: {f"e{number}": {"value": value} for number, value in enumerate(values)}
    for path, item in description["paths"].items():
        for verb, operation in item.items():
            label = f"{verb.upper()} {path}"
            for parameter in operation["parameters"]:
                name = parameter["name"]
                # What may be left out is, but for what narrows a time.
                values = parameters.get(f"{label} {name}") or (
                    parameters.get(name) if parameter["required"] or name in ("from", "to") else None
                )
                if values:
                    parameter["examples"] = named(values)
            if label in bodies:
                operation["requestBody"]["content"]["application/json"]["examples"] = named(bodies[label])
    return description


def run_schemathesis(service, folder, description):
    """Its exit code, and how often each operation answered with each status."""
    (folder / "openapi.json").write_text(json.dumps(description))
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "check_api_hooks",
        "PYTHONPATH": str(ROOT / "scripts"),
        "CROWDFLOW_URL": service.url,
        "CROWDFLOW_CAMPUS_TOKEN": service.campus_token,
        "CROWDFLOW_PASSWORD": service.password,
        "CROWDFLOW_STATUSES": str(folder / "statuses.json"),
    }
    command = [
        pathlib.Path(sys.executable).parent / "st",
        f"--config-file={ROOT / 'scripts/check_api.toml'}",
        "run",
        folder / "openapi.json",
        f"--url={service.url}",
        "--phases=examples,coverage,fuzzing",
        f"--max-examples={MOST_EXAMPLES}",
        f"--seed={SEED}",
        "--generation-deterministic",
        "--continue-on-failure",
        "--request-timeout=20",
        "--suppress-health-check=all",
        "--warnings=off",
        "--no-color",
    ]
    code = subprocess.run(command, env=environment, cwd=folder).returncode
    return code, json.loads((folder / "statuses.json").read_text())


def events_are_as_described(service, description):
    """The data of an event: schemathesis looks at the event, not into it."""
    schema = description["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    schema = {"components": description["components"], **schema["properties"]["data"]["contentSchema"]}
    validator = jsonschema_rs.validator_for(schema)
    with service.session.get(f"{service.url}/api/v1/events", stream=True, timeout=30) as response:
        line = next(line for line in response.iter_lines() if line.startswith(b"data: "))
    validator.validate(json.loads(line.removeprefix(b"data: ")))


def configuration_is_put_in_force(service, description):
    """Last, as the service starts anew with it."""
    base = service.ask("GET", "/api/v1/config")["hash"]
    change = {"base": base, "why": "a test", "edits": [{"path": ["rules", "crossing", "name"], "value": "Crossing fills"}]}
    applied = service.ask("POST", "/api/v1/config", json=change)
    answer = description["paths"]["/api/v1/config"]["post"]["responses"]["202"]["content"]["application/json"]["schema"]
    jsonschema_rs.validator_for({"components": description["components"], **answer}).validate(applied)

    def in_force():
        try:
            config = service.session.get(f"{service.url}/api/v1/config", timeout=10).json()
        except requests.ConnectionError:
            return False
        return config["hash"] == applied["hash"] and not config["changing"]

    service.wait_for("the new configuration", in_force)


def main(program):
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        service = Service(program, folder)
        try:
            description = service.ask("GET", "/api/v1/openapi.json")
            exemplified = with_examples(copy.deepcopy(description), *examples(service))
            code, statuses = run_schemathesis(service, folder, exemplified)
            if os.environ.get("CROWDFLOW_SHOW_STATUSES"):
                print(json.dumps(statuses, indent=1))
            # Schemathesis has ended sessions by their numbers.
            service.sign_in()
            events_are_as_described(service, description)
            configuration_is_put_in_force(service, description)
        finally:
            service.stop()
        log = service.log()
        labels = [f"{verb.upper()} {path}" for path, item in description["paths"].items() for verb in item]
        well = {label for label, answers in statuses.items() if any(status.startswith("2") for status in answers)}
        print(f"\n{sum(sum(answers.values()) for answers in statuses.values())} requests", end=", ")
        print(f"{len((well | BY_HAND) & set(labels))} of {len(labels)} operations answered well", end=", ")
        print(f"{time.monotonic() - began:.0f} s")
        if "panicked" in log or "request failed" in log:
            fail(f"the program's log:\n{log}")
        if code:
            fail("an answer is not as described, see above")
        if missed := sorted(set(labels) - well - BY_HAND):
            fail(f"nothing but errors came from: {', '.join(missed)}")
        print("every answer was as described")


if __name__ == "__main__":
    arguments = sys.argv[1:] or [str(ROOT / "target/release/crowdflow")]
    if arguments != ["--prepare"]:
        main(str(pathlib.Path(arguments[0]).resolve()))
