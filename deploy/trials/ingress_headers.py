"""Tries whether an ingress lets anybody say by a header who they are: an nginx with its rules in front of a server that writes down what
arrives. Starts both on free ports of 127.0.0.1 and ends them. Needs nginx and PyYAML.

    ingress_headers.py INGRESS.yaml CONTROLLER-VALUES.yaml

Prints what is wrong, and exits with 1 then."""

import http.server
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

CONF = pathlib.Path(__file__).with_name("nginx_conf.py")
FORGED = {"x-member-id", "x-proxy-secret"}
# Must arrive, so that a trial can't pass because nothing does.
HONEST = {"authorization": "Bearer abc", "idempotency-key": "key-1", "x-request-id": "request-1"}
# As they may come from outside.
HEADS = [
    ["X-Member-Id: minji"],
    ["x-member-id: minji"],
    ["X-MEMBER-ID:minji"],
    ["X-Member-Id: minji", "X-Member-Id: jisoo"],
    ["X-Member-Id: minji", "x-MEMBER-id: jisoo", "X-Proxy-Secret: guess"],
    ["X-Proxy-Secret: guess", "X-Proxy-Secret: guess"],
    ["X-Member-Id:", "X-Proxy-Secret:"],
    ["X-Member-Id: minji", "Connection: X-Member-Id"],
    ["X_Member_Id: minji", "X_Proxy_Secret: guess"],
    ["X-Member-Id : minji"],
    ["X-Other: 1", " X-Member-Id: minji"],
]
arrived = []


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        arrived.append((self.path, self.headers.items()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def ask(port, method, version, head):
    """The status, of a request that is written as it is: a client's library would tidy it up."""
    honest = [f"{name}: {value}" for name, value in HONEST.items()]
    lines = [f"{method} /composite/open-api/my-page HTTP/{version}", "Host: mall", "Content-Length: 0", *honest, *head]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall("\r\n".join(lines + ["", ""]).encode())
        return int(one.recv(64).split()[1])


def wrong(port):
    if ask(port, "GET", "1.1", []) != 200 or not arrived:
        yield "nothing arrives"
        return
    for method in ("GET", "POST"):
        for version in ("1.1", "1.0"):
            for head in HEADS:
                arrived.clear()
                status = ask(port, method, version, head)
                for path, headers in arrived:
                    given = {name.lower().replace("_", "-").strip(): value for name, value in headers}
                    if FORGED & given.keys():
                        yield f"{head}: {sorted(FORGED & given.keys())} came through"
                    if not HONEST.items() <= given.items() or path != "/open-api/my-page":
                        yield f"{head}: came through as {path} {headers}"
                # A head that is none is refused by nginx itself.
                if (status, len(arrived)) not in {(200, 1), (400, 0)}:
                    yield f"{head}: {status}, and {len(arrived)} arrived"


def main():
    ingress, values = sys.argv[1:]
    recorder = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o711)  # nginx's worker is another user
        port, conf = free_port(), pathlib.Path(folder, "nginx.conf")
        upstream = f"127.0.0.1:{recorder.server_port}"
        made = subprocess.run([sys.executable, CONF, ingress, values, folder, str(port), upstream], check=True, capture_output=True, text=True)
        conf.write_text(made.stdout)
        nginx = subprocess.Popen([program, "-p", folder, "-c", conf])
        try:
            while not listens(port):
                assert nginx.poll() is None, "nginx has ended"
                time.sleep(0.02)
            problems = list(wrong(port))
        finally:
            nginx.terminate()
            nginx.wait()
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
