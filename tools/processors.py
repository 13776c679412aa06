"""Run the notebooks and the numeric tests as they would run on other processors: `make processors`.

    .venv/bin/python tools/processors.py [--some N]

The processor determines which kernels OpenBLAS multiplies with, and how wide the SIMD loops of NumPy are. Each sums in its own
order, so the last digits differ. Two environment variables override the choice, and the kernels that nbval starts inherit them.
A processor that this machine cannot simulate is skipped, with the reason. At the end the notebooks run with random noise in
every product, with five seeds. `--some N` takes only the first N processors that compute differently from this machine's own.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("notebooks/*.ipynb"))
NUMERIC_TESTS = "cells jacobians nets train phase_plane maps mandelbrot tasks costs datasets pretrained torch".split()
NUMERIC = [f"tests/test_{name}.py" for name in NUMERIC_TESTS]
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# The environment without any choice of processor or threads.
PLAIN = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", *THREADS)}
# The CPU features that NumPy does without, under the names of its old and new versions: AVX-512, and all of AVX.
WIDE = re.compile(r"AVX512.*|X86_V4")
VECTOR = re.compile(r"AVX.*|F16C|FMA3|X86_V[34]")
NAMES = {"Prescott": ["Prescott", "Katmai"]}  # the names that OpenBLAS reports for its generic kernels


class Processor(NamedTuple):
    """`core`: its name in OpenBLAS. `off`: matches the features to switch off in NumPy. `needs`: one the machine must have."""

    name: str
    core: str = ""
    off: re.Pattern | None = None
    needs: str = ""
    threads: int = 1


PROCESSORS = [
    Processor("Nehalem, NumPy without AVX", "Nehalem", VECTOR),
    Processor("Skylake, NumPy without AVX-512", "SkylakeX", WIDE, "AVX512_SKX"),
    Processor("Haswell, NumPy without AVX-512", "Haswell", WIDE, "AVX2"),
    Processor("Haswell, NumPy with all it finds", "Haswell", None, "AVX2"),
    Processor("Skylake, NumPy with all it finds", "SkylakeX", None, "AVX512_SKX"),
    Processor("generic, NumPy without AVX", "Prescott", VECTOR),
    Processor("this machine"),
    Processor("this machine, two threads", threads=2),
]

# Runs in a separate process and reports what NumPy and OpenBLAS use in its environment.
ASK = """
import ctypes, json, pathlib, numpy
from numpy._core import _multiarray_umath as umath
folder = pathlib.Path(numpy.__path__[0])
core, threads = "", 0
for path in [*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]:
    library = ctypes.CDLL(str(path))
    for name in ("scipy_openblas_get_{}64_", "scipy_openblas_get_{}", "openblas_get_{}64_", "openblas_get_{}"):
        if hasattr(library, name.format("corename")):
            get = library[name.format("corename")]
            get.restype = ctypes.c_char_p
            core, threads = get().decode(), library[name.format("num_threads")]()
            break
features = [name for name, there in umath.__cpu_features__.items() if there]
print(json.dumps({"core": core, "threads": threads, "features": features, "dispatched": list(umath.__cpu_dispatch__)}))
"""


def ask(env: Mapping[str, str]) -> dict[str, Any]:
    """What NumPy and OpenBLAS use in this environment: core, threads, features, and those that can be switched off."""
    run = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True)
    if run.returncode:
        raise ValueError(run.stderr.strip().splitlines()[-1])
    return json.loads(run.stdout.splitlines()[-1])


def environment(processor: Processor, machine: Mapping[str, Any]) -> dict[str, str]:
    """The environment that simulates this processor. ValueError: the machine cannot, or the variables had no effect."""
    env = PLAIN | dict.fromkeys(THREADS, str(processor.threads))
    if not machine["core"] and (processor.core or processor.threads > 1):
        raise ValueError("this NumPy has no OpenBLAS of its own")
    if processor.core and machine["arch"] not in ("x86_64", "AMD64"):
        raise ValueError(f"this machine is {machine['arch']}")
    if processor.needs and processor.needs not in machine["features"]:
        raise ValueError(f"this machine has no {processor.needs}")
    if processor.threads > (os.cpu_count() or 1):
        raise ValueError("this machine has one core")
    off = [f for f in machine["dispatched"] if processor.off and processor.off.fullmatch(f) and f in machine["features"]]
    if off:
        env["NPY_DISABLE_CPU_FEATURES"] = " ".join(off)
    if processor.core:
        env["OPENBLAS_CORETYPE"] = processor.core
    now = ask(env)
    still = [f for f in off if f in now["features"]]
    wanted = NAMES.get(processor.core, [processor.core or machine["core"]])
    if now["core"] not in wanted or still or now["threads"] not in (0, processor.threads):
        raise ValueError(f"the variables had no effect: {now['core']}, {now['threads']} threads, still on: {still}")
    return env


def differs(env: Mapping[str, str], machine: Mapping[str, Any]) -> bool:
    """Whether this environment uses other kernels or other SIMD loops than the machine does by itself."""
    now = ask(env)
    return (now["core"], now["features"]) != (machine["core"], machine["features"])


# -- the tests ----------------------------------------------------------------------------------------------------------------


def test(name: str, env: Mapping[str, str], files: Iterable[str]) -> bool:
    """Run the tests in these files in this environment; print a summary and each failure. Returns whether all passed."""
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "-n", "auto", "--nbval", *files]
    run = subprocess.run(command, cwd=ROOT, env={**env, "COLUMNS": "500"}, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    counts = re.sub(r"\s+in [0-9.]+s.*", "", lines[-1].strip("= ")) if lines else run.stderr.strip()[-300:]
    print(f"{name:34} {time.monotonic() - start:5.0f} s  {counts}", flush=True)
    for line in lines:
        if line.startswith(("FAILED ", "ERROR ")):
            print(f"    {line[:500]}", flush=True)
    return run.returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run the tests on each processor that this machine can simulate; 1 if any test fails."""
    parser = argparse.ArgumentParser(description="Run the notebooks and the numeric tests as they would run on other processors.")
    parser.add_argument("--some", type=int, metavar="N", help="only N processors that compute differently from this one")
    some = parser.parse_args(arguments).some
    files = [*NOTEBOOKS, *NUMERIC]
    machine = ask(PLAIN | dict.fromkeys(THREADS, "1")) | {"arch": platform.machine()}
    good, count = True, 0
    for processor in PROCESSORS:
        try:
            env = environment(processor, machine)
        except ValueError as reason:
            print(f"!!! SKIPPED {processor.name}: {reason} !!!", flush=True)
            continue
        if some and (count >= some or not differs(env, machine)):
            continue
        count += 1
        good &= test(processor.name, env, files)
    if some and count < some:
        print(f"!!! ONLY {count} of {some} processors could be simulated on this machine !!!", flush=True)
    if not some:
        good &= test("random noise, five seeds", PLAIN | dict.fromkeys(THREADS, "1"), ["--all", "tests/test_noise.py"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
