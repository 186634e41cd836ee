"""The spine: plain asyncio, one file per story."""
