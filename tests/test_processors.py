"""Which processors this machine can simulate (`make processors` runs the tests on them)."""

import platform

import processors
import pytest
from processors import PLAIN, PROCESSORS, THREADS, VECTOR, WIDE, Processor, ask, environment


@pytest.fixture(scope="module")
def machine():
    return ask(PLAIN | dict.fromkeys(THREADS, "1")) | {"arch": platform.machine()}


def test_there_are_six_processors_and_two_counts_of_threads():
    kinds = {(p.core, p.off, p.threads) for p in PROCESSORS}
    assert len(kinds) == len(PROCESSORS) >= 6
    assert {p.threads for p in PROCESSORS} == {1, 2}


@pytest.mark.parametrize("feature", ["AVX512F", "AVX512_SKX", "AVX512_ICL", "X86_V4"])
def test_what_is_wide_is_off_without_avx512_and_without_avx(feature):
    assert WIDE.fullmatch(feature) and VECTOR.fullmatch(feature)


@pytest.mark.parametrize("feature", ["AVX2", "FMA3", "X86_V3", "F16C"])
def test_the_rest_of_avx_is_off_only_without_avx(feature):
    assert VECTOR.fullmatch(feature) and not WIDE.fullmatch(feature)
    assert not VECTOR.fullmatch("X86_V2") and not VECTOR.fullmatch("ASIMD")


def test_what_the_machine_lacks_is_refused_by_name(machine):
    with pytest.raises(ValueError, match="this machine has no AVX9000"):
        environment(Processor("of the future", needs="AVX9000"), machine)
    with pytest.raises(ValueError, match="no OpenBLAS"):
        environment(Processor("a Mac's", "Haswell"), machine | {"core": ""})
    with pytest.raises(ValueError, match="this machine is arm64"):
        environment(Processor("an old one", "Haswell"), machine | {"core": "ARMV8", "arch": "arm64"})


def test_variables_without_effect_are_refused(machine, monkeypatch):
    monkeypatch.setattr(processors, "ask", lambda env: machine | {"core": "another"})
    with pytest.raises(ValueError, match="had no effect: another"):
        environment(Processor("this machine"), machine)


def test_a_simulated_processor_has_other_loops(machine):
    off = [name for name in machine["dispatched"] if VECTOR.fullmatch(name) and name in machine["features"]]
    if not off:
        pytest.skip(f"NumPy on {machine['arch']} has no AVX loops to do without")
    now = ask(environment(Processor("narrow", off=VECTOR), machine))
    assert set(off).isdisjoint(now["features"])
