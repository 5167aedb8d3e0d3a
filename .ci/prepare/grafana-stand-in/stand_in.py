"""A stand-in for Grafana: reads its provisioning as Grafana does, and says what is wrong with it.

Answers /api/health, /api/dashboards/uid/<uid>, /d/<uid> and, asking the data source itself,
/api/datasources/uid/<uid>/health. Ends with 1 where a file cannot be used.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import signal
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

PROVISIONING = Path(os.environ.get("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"))


def expanded(value):
    """`$NAME` and `${NAME}` filled in, as Grafana does in the values of provisioning files."""
    if isinstance(value, dict):
        return {key: expanded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expanded(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"\$(\w+)|\$\{(\w+)\}", lambda m: os.environ[m[1] or m[2]], value)
    return value


def provisioned(kind, key):
    """The entries below `key` of every file of that kind."""
    files = sorted((PROVISIONING / kind).glob("*.yaml"))
    if not files:
        sys.exit(f"stand-in: no file in {PROVISIONING / kind}")
    entries = []
    for file in files:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        if data.get("apiVersion") != 1:
            sys.exit(f"stand-in: {file}: apiVersion is not 1")
        entries += expanded(data[key])
    return entries


def dashboards():
    """Every dashboard of every provider, by uid."""
    found = {}
    for provider in provisioned("dashboards", "providers"):
        for file in sorted(Path(provider["options"]["path"]).glob("**/*.json")):
            dashboard = json.loads(file.read_text(encoding="utf-8"))
            found[dashboard["uid"]] = dashboard
    if not found:
        sys.exit("stand-in: the providers have no dashboard")
    return found


def check(source):
    """(status, answer) of the health of a data source: what its server says to its user."""
    login = f"{source['user']}:{source['secureJsonData']['password']}"
    query = {"db": source["jsonData"]["dbName"], "q": "SHOW MEASUREMENTS"}
    request = urllib.request.Request(
        f"{source['url']}/query",
        urllib.parse.urlencode(query).encode(),
        {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            (result,) = json.load(answer)["results"]
    except (OSError, urllib.error.URLError) as failure:
        return 400, {"status": "ERROR", "message": str(failure)}
    names = [row[0] for series in result.get("series", []) for row in series["values"]]
    return 200, {"status": "OK", "message": f"{len(names)} measurements found"}


class Handler(BaseHTTPRequestHandler):
    """What is answered under which address."""

    def do_GET(self):
        """Answer by path."""
        path = urllib.parse.urlsplit(self.path).path.rstrip("/")
        name = path.split("/")[-1]
        if path == "/api/health":
            self.answer(200, {"database": "ok", "version": "stand-in"})
        elif path.startswith("/api/dashboards/uid/") and name in DASHBOARDS:
            self.answer(200, {"dashboard": DASHBOARDS[name]})
        elif path.startswith("/api/datasources/uid/") and path.split("/")[4] in SOURCES:
            self.answer(*check(SOURCES[path.split("/")[4]]))
        elif path.startswith("/d/") and path.split("/")[2] in DASHBOARDS:
            title = html.escape(DASHBOARDS[path.split("/")[2]]["title"])
            self.answer(200, f"<title>{title} - a stand-in for Grafana</title>")
        else:
            self.answer(404, {"message": "not found"})

    def answer(self, status, content):
        """A page of HTML for a text, JSON for everything else."""
        page = isinstance(content, str)
        body = (content if page else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if page else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing of every request."""


SOURCES = {source["uid"]: source for source in provisioned("datasources", "datasources")}
DASHBOARDS = dashboards()

if __name__ == "__main__":
    # The first process of a container has no default way to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"stand-in: {len(SOURCES)} data sources, {len(DASHBOARDS)} dashboards", flush=True)
    ThreadingHTTPServer(("0.0.0.0", 3000), Handler).serve_forever()
