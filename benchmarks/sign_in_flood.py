"""How long signing in takes while wrong passwords come from very many addresses; two checkouts, one after the other.

    python -m benchmarks.sign_in_flood --folder WORK
    python -m benchmarks.sign_in_flood --folder WORK --other ../before

Each address (127.0.1.1 and up, which Linux lets anybody use) tries one name of its own again and again. Meanwhile
somebody signs in with the right password: in a browser in which they have before, and in a new one at a new address
each time, which tries again after the seconds that it is told.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.review_app import machine, statistics_of
from review_app.auth.passwords import hash_password
from scn_core.store.people.people import add_person
from scn_core.workspace.folder import Workspace
from tests.browser.server import REPOSITORY, Served
from tests.review_workspace import draw_workspace

NAME, PASSWORD = "ann", "a password that is right"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--other", type=Path, help="another checkout, to compare with")
    parser.add_argument("--addresses", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    workspace = Workspace(args.folder / "flood")
    if not workspace.settings_file.exists():
        draw_workspace(workspace.path, faces=70)
        with workspace.database() as db:
            add_person(db, NAME, "lead", hash_password(PASSWORD))
    print(machine())
    for checkout in filter(None, (args.other, REPOSITORY)):
        copy = Workspace(shutil.copytree(workspace.path, args.folder / "copy"))
        try:
            _measure(copy, checkout.resolve(), args.addresses, args.seconds)
        finally:
            shutil.rmtree(copy.path)


def _measure(workspace: Workspace, checkout: Path, addresses: int, seconds: float) -> None:
    class Here(Served):
        repository = checkout

    served = Here(workspace, "--auth", "password")
    refused: Counter[int] = Counter()
    end = time.monotonic() + seconds

    def flood(number: int) -> None:
        while time.monotonic() < end:
            refused[_sign_in(served, f"127.0.1.{number}", f"name {number}", "a wrong password")[0]] += 1

    try:
        status, device, _ = _sign_in(served, "127.0.0.1", NAME, PASSWORD)
        assert status == 303
        threads = [threading.Thread(target=flood, args=(number,)) for number in range(1, addresses + 1)]
        for thread in threads:
            thread.start()
        time.sleep(2)
        known: list[float] = []
        new: list[float] = []
        while time.monotonic() < end:
            known.append(_until_in(served, "127.0.2.1", device))
            new.append(_until_in(served, f"127.0.3.{len(new) + 1}", ""))
        for thread in threads:
            thread.join()
    finally:
        served.stop()
    print(f"{checkout.name} load {os.getloadavg()[0]:.1f}, wrong passwords by status {dict(refused)}")
    print(f"  s until signed in, browser known {statistics_of(known)}")
    print(f"  s until signed in, new browser and address {statistics_of(new)}", flush=True)


def _until_in(served: Served, address: str, device: str) -> float:
    begun = time.monotonic()
    while True:
        status, _, wait = _sign_in(served, address, NAME, PASSWORD, device)
        if status == 303:
            return time.monotonic() - begun
        assert status == 503, status
        time.sleep(wait)


def _sign_in(served: Served, address: str, name: str, password: str, device: str = "") -> tuple[int, str, int]:
    """Status, the cookie that makes the browser a known one, and the seconds to wait."""
    client = http.client.HTTPConnection("127.0.0.1", served.port, timeout=600, source_address=(address, 0))
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": served.url, "Cookie": device}
        client.request("POST", "/login", urlencode({"name": name, "password": password}), headers)
        answer = client.getresponse()
        cookie = re.search(r"scn_device_[^;]*", str(answer.headers))
        return answer.status, cookie[0] if cookie else "", int(answer.headers.get("Retry-After", 0))
    finally:
        client.close()


if __name__ == "__main__":
    main()
