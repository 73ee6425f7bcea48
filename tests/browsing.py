"""A page in a real Chromium: served by the command, watched for errors and for requests that leave."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlparse

import numpy as np
import pytest

FLAGS = (
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--no-first-run", "--disable-sync",
)  # fmt: skip
LOOPBACK = ("127.0.0.1", "localhost", "::1")
START, PATIENCE = 400.0, 60_000


def find_chromium() -> str:
    """Return the browser, or skip with a reason."""
    path = os.environ.get("TRABECULA_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    return path


class Served:
    """A command that serves a page, and what it prints."""

    def __init__(self, *arguments) -> None:
        command = [sys.executable, "-m", "trabecula", *map(str, arguments), "--no-browser"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | {"NUMBA_NUM_THREADS": "1"},
        )  # fmt: skip
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.address = self._wait()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)

    def _wait(self) -> str:
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:\d+/", "".join(self.lines))
            if found:
                return found[0]
            time.sleep(0.05)
        self.stop()
        raise AssertionError("".join(self.lines))

    def stop(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(30.0)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5.0)
            print("the command said:", *self.lines, sep="\n")  # shown by pytest if the test fails
        return status


@contextmanager
def browse(address: str, profile, size=(1280, 800)):
    """Open `address` in a fresh browser; yields the page; fails on errors and on requests that leave."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    troubles, left = [], []
    with api.sync_playwright() as play:
        context = play.chromium.launch_persistent_context(
            str(profile), executable_path=find_chromium(), headless=False, args=list(FLAGS),
            viewport={"width": size[0], "height": size[1]},
        )  # fmt: skip
        try:
            page = context.pages[0]
            page.set_default_timeout(PATIENCE)
            page.on(
                "console",
                lambda m: troubles.append(f"{m.text} {m.location}") if m.type == "error" else None,
            )
            page.on("pageerror", lambda error: troubles.append(str(error)))
            context.on("request", lambda request: note_leaving(request.url, left))
            page.on("websocket", lambda socket: note_leaving(socket.url, left))
            page.goto(address)
            yield page
        finally:
            with suppress(api.Error):  # a page that is gone says nothing
                print("the page said:", context.pages[0].inner_text("body", timeout=2000), troubles)
            context.close()
    assert not left, left
    assert not troubles, troubles


def note_leaving(url: str, left: list) -> None:
    """Note a request that goes anywhere but to this machine."""
    parts = urlparse(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in LOOPBACK:
        left.append(url)


def photograph(page, selector: str) -> np.ndarray:
    """Return what an element looks like, shape (row, column, 3), uint8."""
    import io

    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    stream = io.BytesIO(page.locator(selector).first.screenshot())
    return np.asarray(image.open(stream).convert("RGB"))


def measure_change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the share of pixels that differ clearly between two pictures of one size."""
    assert before.shape == after.shape
    return float((np.abs(before.astype(int) - after).max(axis=2) > 24).mean())


def measure_content(picture: np.ndarray) -> float:
    """Return the share of pixels that are neither white nor nearly so."""
    return float((picture.min(axis=2) < 235).mean())


def wait_for_change(page, selector: str, before: np.ndarray, least: float):
    """Wait until the picture differs from `before` in a share of its pixels; returns the new one."""
    return wait_for_share(
        page, selector, lambda now: measure_change(before, now), lambda share: share >= least
    )


def wait_for_less(page, selector: str, most: float):
    """Wait until the share of the picture that is not nearly white is below `most`; returns it."""
    return wait_for_share(page, selector, measure_content, lambda share: share < most)


def wait_for_share(page, selector: str, measure, is_enough, seconds: float = 90.0):
    """Wait until what `measure` says of the picture `is_enough`; returns the picture."""
    end = time.monotonic() + seconds
    while True:
        now = photograph(page, selector)
        share = measure(now)
        if is_enough(share):
            return now
        assert time.monotonic() < end, f"only {share:.4f} after {seconds:g} s"
        page.wait_for_timeout(200)
