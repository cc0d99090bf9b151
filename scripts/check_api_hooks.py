"""How schemathesis speaks with the service of check_api.py: who it is, and where a stream without an end is cut."""

import atexit
import collections
import itertools
import json
import os
from datetime import datetime, timedelta, timezone

import requests
import schemathesis

URL = os.environ["CROWDFLOW_URL"]
CAMPUS_TOKEN, PASSWORD = os.environ["CROWDFLOW_CAMPUS_TOKEN"], os.environ["CROWDFLOW_PASSWORD"]
# These end the session that they come with.
ENDS_ITS_SESSION = {"DELETE /api/v1/session"}
# These end all sessions of their user but the one that they come with: they are somebody else's.
OF_GUEST = {"POST /api/v1/session/password"}

addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))
tokens = (f"token {n}" for n in itertools.count(1))
# By who it is: the headers and cookies that say so.
credentials = {}
statuses = collections.defaultdict(collections.Counter)


def sign_in(name):
    headers = {"X-Forwarded-For": next(addresses)}
    body = {"name": name, "password": PASSWORD}
    response = requests.post(f"{URL}/api/v1/session", json=body, headers=headers, timeout=20)
    response.raise_for_status()
    session = response.cookies["crowdflow_session"]
    return {"headers": {"X-CSRF-Token": response.json()["csrf"]}, "cookies": {"crowdflow_session": session}}


def make_token():
    expires = datetime.now(timezone.utc) + timedelta(days=1)
    body = {"name": next(tokens), "role": "admin", "scope": "all", "expires": expires.isoformat()}
    response = requests.post(f"{URL}/api/v1/tokens", json=body, **sign_in("chief"), timeout=20)
    response.raise_for_status()
    return {"headers": {"Authorization": f"Bearer {response.json()['token']}"}, "cookies": {}}


def that_holds(key, make):
    """Sessions and tokens have small numbers, and schemathesis ends some by theirs."""
    known = credentials.get(key)
    if not known or not requests.get(f"{URL}/api/v1/session", **known, timeout=20).ok:
        credentials[key] = make()
    return credentials[key]


@schemathesis.auth(refresh_interval=None)
class Access:
    def get(self, case, context):
        security = context.operation.definition.raw.get("security", [])
        label = context.operation.label
        if {"token": []} in security:
            return that_holds("token", make_token)
        if {"source": []} in security:
            return {"headers": {"Authorization": f"Bearer {CAMPUS_TOKEN}"}, "cookies": {}}
        if not security:
            return {"headers": {}, "cookies": {}}
        if label in ENDS_ITS_SESSION:
            return sign_in("chief")
        name = "guest" if label in OF_GUEST else "chief"
        return that_holds(name, lambda: sign_in(name))

    def set(self, case, data, context):
        case.headers.update(data["headers"])
        case.cookies.update(data["cookies"])


def cut(response, **_):
    """Of pictures without an end the first one is read."""
    if response.headers.get("Content-Type", "").startswith("multipart/x-mixed-replace"):
        response._content = next(response.iter_content(64 * 1024))
        response._content_consumed = True
        response.close()


@schemathesis.hook
def before_call(context, case, kwargs):
    kwargs.setdefault("hooks", {"response": cut})
    case.headers["X-Forwarded-For"] = next(addresses)


@schemathesis.hook
def after_call(context, case, response):
    statuses[case.operation.label][str(response.status_code)] += 1


@atexit.register
def tell():
    with open(os.environ["CROWDFLOW_STATUSES"], "w") as file:
        json.dump(statuses, file)
