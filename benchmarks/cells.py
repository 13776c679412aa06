"""RNN and LSTM, forward and backward with all parameter gradients, against PyTorch and JAX: `python benchmarks/cells.py`.

One process on one core, one BLAS thread, float32, D = H. Each repeat times ours, then each peer, in turn; medians are compared,
and the gradients must agree. PyTorch's RNN is a loop over steps, its LSTM one fused C++ kernel. JAX is `lax.scan` under `jit`,
compiled before it is timed; what compiling took stands apart. OpenBLAS chooses its
code by the processor, as the peers' libraries do: a core type that the environment sets for it is dropped.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # settings for other machines, that would slow ours only
    os.environ.pop(name, None)
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import itertools  # noqa: E402  (the threads are counted when NumPy, PyTorch and JAX are loaded)
import statistics  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from functools import partial  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from lecturelib import cells, datasets, jacobians, nets, train  # noqa: E402

GRID = list(itertools.product((1, 16, 32), (16, 64, 128), (50, 200)))  # B, H, T
KINDS = {"RNN": ("tanh", "gaussian"), "IRNN": ("relu", "identity"), "LSTM": (None, None)}
IFGO = [0, 1, 3, 2]  # PyTorch's order of the gates
SECONDS = 0.6  # for one size, at least


def setting(kind, B, H, T):
    """Parameters, inputs and the gradient of the loss at each step."""
    rng = np.random.default_rng(0)
    if kind == "LSTM":
        p = cells.init_lstm(rng, H, H, dtype=np.float32)
    else:
        p = cells.init_rnn(rng, H, H, recurrent=KINDS[kind][1], inputs=0.01, dtype=np.float32)
    x = rng.uniform(0, 1, (T, B, H)).astype(np.float32)
    return p, x, rng.standard_normal((T, B, H)).astype(np.float32)


def for_torch(a):
    return torch.from_numpy(a.reshape(4, len(a) // 4, -1)[IFGO].reshape(a.shape).copy() if len(a) % 4 == 0 else a.copy())


def torch_layer(kind, p):
    D, H = p.W_x.shape[1], p.W_h.shape[1]
    layer = torch.nn.LSTM(D, H) if kind == "LSTM" else torch.nn.RNN(D, H, nonlinearity=KINDS[kind][0])
    with torch.no_grad():
        for name, a in (("weight_ih_l0", p.W_x), ("weight_hh_l0", p.W_h), ("bias_ih_l0", p.b), ("bias_hh_l0", 0 * p.b)):
            getattr(layer, name).copy_(for_torch(a) if kind == "LSTM" else torch.from_numpy(a))
    return layer


def in_torch(kind, p, x, h_bar):
    layer, x, h_bar = torch_layer(kind, p), torch.from_numpy(x), torch.from_numpy(h_bar)

    def run():
        layer.zero_grad()
        layer(x)[0].backward(h_bar)
        return layer.weight_hh_l0.grad

    return run


def in_jax(kind, p, x, h_bar):
    """The jitted gradient, and the seconds that compiling took."""
    phi = jax.numpy.tanh if kind == "RNN" else jax.nn.relu

    def step(p, state, x):
        h, c = state
        z = x @ p.W_x.T + h @ p.W_h.T + p.b
        if kind == "LSTM":
            i, f, o, g = jax.numpy.split(z, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
            h = jax.nn.sigmoid(o) * jax.numpy.tanh(c)
        else:
            h = phi(z)
        return (h, c), h

    def loss(p, x, h_bar):
        start = jax.numpy.zeros(x.shape[1:])
        return (jax.lax.scan(lambda state, x: step(p, state, x), (start, start), x)[1] * h_bar).sum()

    p, x, h_bar = (jax.tree.map(jax.numpy.asarray, a) for a in (p, x, h_bar))
    before = time.perf_counter()
    compiled = jax.jit(jax.value_and_grad(loss)).lower(p, x, h_bar).compile()
    seconds = time.perf_counter() - before
    return lambda: jax.block_until_ready(compiled(p, x, h_bar)[1]).W_h, seconds


def ours(kind, p, x, h_bar):
    phi = KINDS[kind][0]
    return lambda: cells.backprop(cells.unroll(p, x, phi=phi), h_bar).p.W_h


def medians(*ways):
    """Median milliseconds of each way; they take turns."""
    times, end = [[] for _ in ways], time.perf_counter() + SECONDS
    for way in ways:
        way()
    while len(times[0]) < 7 or time.perf_counter() < end:
        for way, spent in zip(ways, times, strict=True):
            before = time.perf_counter()
            way()
            spent.append(time.perf_counter() - before)
    return [1e3 * statistics.median(spent) for spent in times]


def mean(ratios):
    return float(np.exp(np.mean(np.log(ratios))))


def against_frameworks(kind):
    """Print the table of one kind. Returns (ratios to PyTorch, ratios to JAX at B >= 16, whether ours wins under 100 steps)."""
    print(f"\n{kind:5}   B    H    T  ours ms  torch ms  ratio   JAX ms  ratio  compile s")
    to_torch, to_jax, wins = [], [], True
    for B, H, T in GRID:
        p, x, h_bar = setting(kind, B, H, T)
        mine, torchs = ours(kind, p, x, h_bar), in_torch(kind, p, x, h_bar)
        jaxs, compiling = in_jax(kind, p, x, h_bar)
        W = for_torch(mine()) if kind == "LSTM" else torch.from_numpy(mine())
        scale = float(W.abs().max())
        assert torch.allclose(W, torchs(), rtol=0, atol=2e-4 * scale), "PyTorch's gradient is another"
        assert np.allclose(mine(), jaxs(), rtol=0, atol=2e-4 * scale), "JAX's gradient is another"
        a, b, c = medians(mine, torchs, jaxs)
        to_torch.append(a / b)
        to_jax += [a / c] if B >= 16 else []
        wins &= 100 * a < 1e3 * compiling + 100 * c
        print(f"{'':5} {B:3} {H:4} {T:4} {a:8.2f} {b:9.2f} {a / b:6.2f} {c:8.2f} {a / c:6.2f} {compiling:10.2f}", flush=True)
    print(
        f"{'':5} geometric mean to PyTorch {mean(to_torch):.2f}, most {max(to_torch):.2f}; to JAX at B >= 16 {mean(to_jax):.2f}"
    )
    return to_torch, to_jax, wins


def our_step(net, loss):
    """A training step: gradient, clipping, Adam."""
    optimizer, k = train.adam(1e-3), itertools.count(1)
    state = optimizer.init(net)

    def step():
        nonlocal net
        gradient, _ = train.clip_norm(loss(net)[1], 1.0)
        net = optimizer.update(next(k), net, gradient, state)

    return step


def torch_step(parts, loss):
    """The same in PyTorch, for modules."""
    weights = [p for part in parts for p in part.parameters()]
    adam = torch.optim.Adam(weights, lr=1e-3)

    def step():
        adam.zero_grad()
        loss().backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        adam.step()

    return step


def whole_steps():
    """A training step of an LSTM with softmax, clipping and Adam, against PyTorch: ratios, printed."""
    print(
        f"\nstep  {'B':>3} {'H':>4} {'T':>4} {'ours ms':>8} {'torch ms':>9} {'ratio':>6}   LSTM, softmax over 10, clipping, Adam"
    )
    ratios = []
    for B, H, T in GRID:
        p, x, _ = setting("LSTM", B, H, T)
        rng = np.random.default_rng(1)
        net = nets.Net(p, rng.standard_normal((10, H)).astype(np.float32), np.zeros(10, np.float32))
        labels = rng.integers(0, 10, B)
        layer, readout = torch_layer("LSTM", p), torch.nn.Linear(H, 10)
        X, Y = torch.from_numpy(x), torch.from_numpy(labels)
        mine = our_step(net, partial(nets.loss, x=x, target=labels, error=nets.cross_entropy))
        theirs = torch_step(
            (layer, readout),
            lambda layer=layer, readout=readout, X=X, Y=Y: torch.nn.functional.cross_entropy(readout(layer(X)[0][-1]), Y),
        )
        a, b = medians(mine, theirs)
        ratios.append(a / b)
        print(f"{'':5} {B:3} {H:4} {T:4} {a:8.2f} {b:9.2f} {a / b:6.2f}", flush=True)
    print(f"{'':5} geometric mean {mean(ratios):.2f}, most {max(ratios):.2f}")
    return ratios


def translations():
    """A training step of notebook 05, English to French in batches of 64, against PyTorch: the ratios by kind, printed."""
    print("\ntranslation  ours ms  torch ms  ratio   encoder and decoder, softmax, clipping, Adam")
    learn, _ = datasets.translation()
    ratios = {}
    for kind, cell in (("RNN", cells.init_rnn), ("LSTM", cells.init_lstm)):
        rng = np.random.default_rng(0)
        net = nets.init_encoder_decoder(rng, 32, 30, 64, layers=1, cell=cell, dtype=np.float32)
        some = rng.integers(0, len(learn.numbers), 64)
        ours = partial(nets.translation_loss, source=learn.source[:, some], target=learn.target[:, some])
        parts, theirs = translation_in_torch(kind, net, **ours.keywords)
        assert abs(theirs().item() - ours(net)[0]) < 1e-4
        a, b = medians(our_step(net, ours), torch_step(parts, theirs))
        ratios[kind] = a / b
        print(f"{kind:11} {a:8.2f} {b:9.2f} {a / b:6.2f}", flush=True)
    return ratios


def translation_in_torch(kind, net, source, target):
    """(modules, their loss) of the same model with the same weights, for the same batch."""
    reader, writer = torch_layer(kind, net.encoder[0]), torch_layer(kind, net.decoder[0])
    readout = torch.nn.Linear(net.W.shape[1], len(net.b))
    with torch.no_grad():
        readout.weight.copy_(torch.from_numpy(net.W))
        readout.bias.copy_(torch.from_numpy(net.b))
    before = torch.from_numpy(np.vstack([np.zeros_like(target[:1]), target[:-1]]))
    source, target = torch.from_numpy(source), torch.from_numpy(target)
    sizes = (reader.input_size, writer.input_size)
    english, french = (torch.vstack([torch.eye(size), torch.zeros(size)]) for size in sizes)  # the last row is for padding, -1

    def loss():
        _, end = reader(english[source])
        y = readout(writer(french[before], end)[0])
        return torch.nn.functional.cross_entropy(y.flatten(0, 1), target.flatten(), ignore_index=-1)

    return (reader, writer, readout), loss


def growth():
    """Exponents of time and memory over T = 50 ... 800 and over B = 64 ... 512, H = 64: slopes of a line through the logs.

    Memory is what came on top between the two largest sizes: an LSTM's way back has a workspace of a fixed size besides.
    """
    print("\nexponents   of time  of memory")
    found = []
    for kind, sizes in itertools.product(("RNN", "LSTM"), ({"T": (50, 100, 200, 400, 800)}, {"B": (64, 128, 256, 512)})):
        ((axis, values),) = sizes.items()
        runs = [ours(kind, *setting(kind, **({"B": 16, "H": 64, "T": 50} | {axis: value}))) for value in values]
        times = medians(*runs)
        peaks = []
        for run in runs:
            tracemalloc.start()
            run()
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        slopes = [float(np.polyfit(np.log(sizes), np.log(y), 1)[0]) for sizes, y in ((values, times), (values[-2:], peaks[-2:]))]
        found += slopes
        print(f"{kind:5} in {axis}  {slopes[0]:8.2f} {slopes[1]:10.2f}   {axis} = {', '.join(map(str, values))}")
    return found


def time_jacobians():
    """Milliseconds for the exact Jacobian products of 100 steps with 64 units, without and with all singular values."""
    print("\nJacobian products, H = 64, T = 100, float32 (ms)  without SVDs  with")
    found = {}
    for kind in ("RNN", "LSTM"):
        p, x, _ = setting(kind, 1, 64, 100)
        trace = cells.unroll(p, x)
        found[kind] = medians(
            lambda trace=trace: jacobians.products(jacobians.along(trace)),
            lambda trace=trace: jacobians.singular_values(jacobians.products(jacobians.along(trace))),
        )
        print(f"{kind:5}{found[kind][0]:57.1f} {found[kind][1]:5.1f}")
    return found["RNN"]


@contextmanager
def one_core():
    """This process on one core, where the system allows it: no library can then use a second one."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@one_core()
def main():
    """Print the tables and the demands; returns whether all hold."""
    torch.set_num_threads(1)
    (rnn, rnn_jax, w1), (irnn, irnn_jax, w2), (lstm, lstm_jax, w3) = map(against_frameworks, KINDS)
    steps, translation, slopes, (plain, svd) = whole_steps(), translations(), growth(), time_jacobians()
    demands = {
        "RNN and IRNN at most 0.40 of PyTorch, geometric mean": (mean(rnn + irnn), 0.40),
        "RNN and IRNN at most 0.75 of PyTorch, every size": (max(rnn + irnn), 0.75),
        "LSTM at most 1.35 of PyTorch, geometric mean": (mean(lstm), 1.35),
        "LSTM at most 2.0 of PyTorch, every size": (max(lstm), 2.0),
        "a whole LSTM training step at most 1.25 of PyTorch, geometric mean": (mean(steps), 1.25),
        "a training step of translation, tanh RNN, at most 0.8 of PyTorch": (translation["RNN"], 0.8),
        "a training step of translation, LSTM, at most 1.25 of PyTorch": (translation["LSTM"], 1.25),
        "RNN and IRNN at most 1.15 of JAX at B >= 16, geometric mean": (mean(rnn_jax + irnn_jax), 1.15),
        "LSTM at most 1.6 of JAX at B >= 16, geometric mean": (mean(lstm_jax), 1.6),
        "time and memory linear in T and B: exponents within 0.1 of 1": (max(abs(s - 1) for s in slopes), 0.1),
        "Jacobian products under 5 ms": (plain, 5),
        "Jacobian products with SVDs under 40 ms": (svd, 40),
    }
    print()
    for says, (found, most) in demands.items():
        print(f"{'PASS' if found <= most else 'FAIL'} {says}: {found:.2f}")
    early = w1 and w2 and w3
    print(f"{'PASS' if early else 'FAIL'} 100 steps are done before JAX, compiling included, has done them, every size")
    return early and all(found <= most for found, most in demands.values())


if __name__ == "__main__":
    main()
