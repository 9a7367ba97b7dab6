"""tuspyserver on FastAPI, as its own documentation sets it up. Run by uvicorn; the folder stands in BENCH_FOLDER."""

from __future__ import annotations

import os

from fastapi import FastAPI
from tuspyserver import create_tus_router

app = FastAPI()
app.include_router(create_tus_router(prefix="files", files_dir=os.environ["BENCH_FOLDER"], max_size=1 << 40))
