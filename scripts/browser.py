"""Has a real browser call a server over gRPC-Web from a page of another origin, and shows what the page says.

    ROSTER_TOKEN=… python browser.py BROWSER ENDPOINT ORGANIZATION

The page is clients/typescript/browser.html, with the client that `npm run build` made and the packages beside it. It is served at
http://localhost:5173, where the server has to allow pages. Fails unless the page comes to its end.
"""

import functools
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "clients" / "typescript"
PACKAGES = ["@connectrpc/connect", "@connectrpc/connect-web", "@bufbuild/protobuf"]
PORT = 5173
PATIENCE = 60


def imports():
    """Every module of the packages by the name that it is imported by: a browser reads no package.json."""
    found = {}
    for package in PACKAGES:
        exports = json.loads((FOLDER / "node_modules" / package / "package.json").read_text())["exports"]
        for name, target in exports.items():
            target = target["import"]
            target = target if isinstance(target, str) else target["default"]
            found[package + name[1:]] = f"/node_modules/{package}{target[1:]}"
    return found


class Page(http.server.SimpleHTTPRequestHandler):
    settings = {}
    said = ""
    ended = threading.Event()

    def do_GET(self):
        if self.path == "/settings.json":
            return self.answer("application/json", json.dumps(self.settings))
        if self.path == "/":
            tag = f'<script type="importmap">{json.dumps({"imports": imports()})}</script>'
            return self.answer("text/html", (FOLDER / "browser.html").read_text().replace("<!--IMPORTS-->", tag))
        return super().do_GET()

    def do_POST(self):
        Page.said = self.rfile.read(int(self.headers["content-length"])).decode()
        self.answer("text/plain", "")
        Page.ended.set()

    def answer(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    browser, endpoint, organization = sys.argv[1:]
    Page.settings = {"endpoint": endpoint, "token": os.environ["ROSTER_TOKEN"], "organizationId": organization}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), functools.partial(Page, directory=str(FOLDER)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}"]
        # With a port for debugging it stays until it is ended.
        command += ["--remote-debugging-port=0", f"http://localhost:{PORT}/"]
        begun = time.monotonic()
        shown = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Page.ended.wait(PATIENCE)
        shown.terminate()
        shown.wait()
    print(Page.said.strip())
    if not Page.said.strip().endswith("done"):
        sys.exit("the page did not come to its end")
    print(f"in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
