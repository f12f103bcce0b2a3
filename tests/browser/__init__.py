"""The real server in a real Chromium. A package, so that its browser and servers end with the last test of this folder.

Playwright keeps an event loop running in the thread until its browser is closed, and asyncio.run fails in it.
"""
