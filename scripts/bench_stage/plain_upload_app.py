"""What a plain upload looks like: FastAPI takes a PUT, hashes while it writes, fsyncs, renames, answers the hash.

Run by uvicorn; the folder stands in BENCH_FOLDER.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from fastapi import FastAPI, Request

app = FastAPI()
_FOLDER = Path(os.environ["BENCH_FOLDER"])


@app.put("/files/{name}")
async def put_file(name: str, request: Request) -> dict[str, str]:
    """SHA-256 of what is on stable storage when the answer goes out."""
    digest = hashlib.sha256()
    temporary, final = _FOLDER / f"{Path(name).name}.part", _FOLDER / Path(name).name
    with temporary.open("wb", buffering=0) as file:
        async for block in request.stream():
            digest.update(block)
            file.write(block)
        os.fsync(file.fileno())
    temporary.rename(final)
    folder = os.open(_FOLDER, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return {"sha256": digest.hexdigest()}
