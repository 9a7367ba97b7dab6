"""One upload with tuspy in requests of 8 MiB. Prints the seconds it took. `python send.py URL FILE`."""

from __future__ import annotations

import sys
import time

from tusclient import client

began_s = time.perf_counter()
client.TusClient(sys.argv[1]).uploader(sys.argv[2], chunk_size=8 << 20).upload()
print(time.perf_counter() - began_s)
