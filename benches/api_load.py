"""What accounts cost: logins, and the live state at 200 requests a second, on the demo while it detects people."""

import http.client
import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PASSWORD = "a password to measure with"
# Each asks over a connection that it keeps.
CLIENTS = 8


def share(ages_s, part):
    ages_s = sorted(ages_s)
    return ages_s[min(int(part * len(ages_s)), len(ages_s) - 1)] * 1000


def login(address):
    """Seconds that it took, and the cookie."""
    connection = http.client.HTTPConnection(address, timeout=30)
    body = json.dumps({"name": "chief", "password": PASSWORD})
    begun = time.monotonic()
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"the login was answered {answer.status}")
    return time.monotonic() - begun, answer.getheader("set-cookie").split(";")[0]


def ask(address, headers, per_s, seconds, ages_s):
    """Asks at fixed times; a late answer makes the next ones late, which counts."""
    connection = http.client.HTTPConnection(address, timeout=30)
    begun = time.monotonic()
    for number in range(int(per_s * seconds)):
        due = begun + number / per_s
        time.sleep(max(0, due - time.monotonic()))
        connection.request("GET", "/api/v1/state", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the state was answered {answer.status}")
        ages_s.append(time.monotonic() - due)


def at_rate(address, headers, per_s, seconds):
    ages_s = []
    threads = [threading.Thread(target=ask, args=(address, headers, per_s / CLIENTS, seconds, ages_s)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(ages_s) != CLIENTS * int(per_s / CLIENTS * seconds):
        raise RuntimeError("a client has failed")
    return ages_s


def measure(crowdflow, demo, sample, accounts, seconds, logins):
    """Seconds of logins, and of answers at 200 a second."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "demo.toml"
        text = demo.read_text().replace("../sample/vtest.avi", str(sample)).replace("../out/demo.db", "demo.db")
        text = text.replace("127.0.0.1:8090", "127.0.0.1:0").replace('accounts = "off"', f'accounts = "{accounts}"')
        config.write_text(text)
        command = [crowdflow, "run", "-c", config]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as service:
            try:
                address = service.stdout.readline().split("http://")[1].strip().rstrip("/")
                headers, logins_s = {}, []
                if accounts == "required":
                    add = [crowdflow, "user", "add", Path(folder) / "demo.db", "chief", "--role", "admin"]
                    subprocess.run(list(map(str, add)), input=PASSWORD + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
                    answers = [login(address) for _ in range(logins)]
                    logins_s, headers = [age_s for age_s, _ in answers], {"Cookie": answers[-1][1]}
                return logins_s, at_rate(address, headers, 200, seconds)
            finally:
                service.terminate()
