"""Chromium over the built site, served from this machine; both are started once a worker."""

import contextlib
import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "_build" / "html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# --no-sandbox: CI runs as root in a container; the others keep the browser from asking anything of anyone.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]


def pytest_collection_modifyitems(items):
    """Skip, with the reason, where the site or the browser is missing; on CI that is a failure instead."""
    missing = "no site: run make book" if not (SITE / "index.html").exists() else None
    missing = missing or ("no Chromium (Debian: apt install chromium)" if CHROMIUM is None else None)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing and os.environ.get("CI") != "true":
                item.add_marker(pytest.mark.skip(reason=missing))


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_args):
        """Keep the test report readable."""


@pytest.fixture(scope="session")
def site():
    """Address of the served site."""
    handler = functools.partial(QuietHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """One browser for all tests of a worker."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, site):
    """Open a page as a reader would; ``page.complaints`` lists what the console and the network had to say."""
    with contextlib.ExitStack() as stack:

        def visit(name, width=1400, scheme="light"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            stack.callback(context.close)
            context.set_default_timeout(120_000)  # a busy machine is slow, not wrong
            page = context.new_page()
            page.complaints = []
            page.on("request", lambda r: r.url.startswith((site, "data:")) or page.complaints.append(f"asks {r.url}"))
            page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.goto(site + name, wait_until="networkidle")
            page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready; }")
            return page

        yield visit
