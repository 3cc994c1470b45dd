"""A headless Chromium, spoken to over its pipe of NUL-separated JSON (the DevTools protocol)."""

import base64
import json
import os
import subprocess
import tempfile
import time


class ProtocolError(RuntimeError):
    pass


class Chromium:
    def __init__(self):
        self.profile = tempfile.TemporaryDirectory()
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--remote-debugging-pipe",
            f"--user-data-dir={self.profile.name}",
            "about:blank",
        ]
        # The browser reads at 3 and writes at 4.  Both are moved up first, lest one overwrite the other.
        shell = f'exec 8<&{commands} 9>&{answers}; exec 3<&8 4>&9; exec chromium "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *options],
            pass_fds=(commands, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self.received, self.number, self.session = b"", 0, {}

    def open(self, url):
        self.session = {}
        target = self.call("Target.createTarget", url=url)["targetId"]
        self.session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters} | self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != self.number:
            pass
        if "error" in answer:
            raise ProtocolError(f"{method}: {answer['error']}")
        return answer["result"]

    def receive(self):
        while b"\0" not in self.received:
            piece = os.read(self.answers, 1 << 16)
            if not piece:
                raise RuntimeError("Chromium has ended")
            self.received += piece
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def evaluate(self, expression):
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in told:
            raise RuntimeError(f"{expression}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def wait_for(self, condition):
        """Until the expression holds; a page that works takes a hundredth of the limit."""
        deadline = time.monotonic() + 120
        while not self.holds(condition):
            if time.monotonic() > deadline:
                raise AssertionError(f"the page never came to: {condition}")
            time.sleep(0.02)

    def holds(self, condition):
        try:
            return self.evaluate(f"Boolean({condition})")
        except ProtocolError:  # between two pages there is nothing to ask
            return False

    def picture(self, path, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        os.close(self.commands)  # it ends with its pipe
        self.process.wait()
        os.close(self.answers)
        self.profile.cleanup()
