"""Basins of two tanh units and a cost surface, against PyTorch and Numba: `python benchmarks/planes.py`.

300 x 300 starts, 100 steps, float32, one process on one core. Each repeat times every way in turn; medians are compared, and the
labels must agree. PyTorch computes in matrix form, as ours does; Numba compiles the plain loop over starts and steps.
"""

import cells  # first: it sets what NumPy reads when it is loaded
import numba
import numpy as np
import torch

from lecturelib import costs, phase_plane

W = np.array([[1.8, 0.4], [-0.4, 1.8]])
B = np.zeros(2)
SIZE, STEPS = 300, 100


@numba.njit
def plain_loop(W, starts, steps):
    """The peer that a tutorial would write, compiled."""
    ends = np.empty_like(starts)
    for k in range(starts.shape[1]):
        x, y = starts[0, k], starts[1, k]
        for _ in range(steps):
            x, y = np.tanh(W[0, 0] * x + W[0, 1] * y), np.tanh(W[1, 0] * x + W[1, 1] * y)
        ends[0, k], ends[1, k] = x, y
    return ends


def in_torch(W, starts, steps):
    """The peer in matrix form."""
    for _ in range(steps):
        starts = torch.tanh(torch.mm(W, starts))
    return starts


@cells.one_core()
def main():
    """Print the numbers and the demands; returns whether all hold."""
    torch.set_num_threads(1)
    starts, small = phase_plane.grid(SIZE), W.astype(np.float32)
    tW, tstarts = torch.from_numpy(small), torch.from_numpy(starts)
    ends = phase_plane.attractors(W, B)
    full = phase_plane.run(W, B, starts, STEPS)
    labels = ((full[:, :, None] - ends[:, None, :]) ** 2).sum(axis=0).argmin(axis=1).reshape(SIZE, SIZE)
    assert np.allclose(full, in_torch(tW, tstarts, STEPS).numpy(), atol=1e-3)
    assert np.allclose(full, plain_loop(small, starts, STEPS), atol=1e-3)
    wrong = int((phase_plane.basins(W, B, ends, SIZE) != labels).sum())
    w, b = np.linspace(4, 8, 400)[None], np.linspace(-5, -1, 400)[:, None]
    mine, torchs, numbas, fine, growth, surface = cells.medians(
        lambda: phase_plane.run(W, B, starts, STEPS),
        lambda: in_torch(tW, tstarts, STEPS),
        lambda: plain_loop(small, starts, STEPS),
        lambda: phase_plane.basins(W, B, ends, SIZE),
        lambda: phase_plane.log_growth(W, B, starts, STEPS),
        lambda: costs.logistic_cost(w, b),
    )
    print(f"basins, {SIZE} x {SIZE}, {STEPS} steps (ms): ours {mine:.1f}, PyTorch {torchs:.1f}, Numba {numbas:.0f}")
    print(f"coarse to fine, labels and all {fine:.1f} ({wrong} labels wrong); with the Jacobian {growth:.1f}")
    print(f"cost surface 400 x 400 with both slopes, 50 steps: {surface:.0f} ms\n")
    demands = {
        "basins at most 1.2 of PyTorch": (mine / torchs, 1.2),
        "basins at least 20 times faster than Numba's loop: at most 0.05 of it": (mine / numbas, 0.05),
        "coarse to fine at most 5 ms": (fine, 5),
        "no label wrong": (wrong, 0),
        "with the Jacobian at most 60 ms": (growth, 60),
        "cost surface under 150 ms": (surface, 150),
    }
    for says, (found, most) in demands.items():
        print(f"{'PASS' if found <= most else 'FAIL'} {says}: {found:.3g}")
    return all(found <= most for found, most in demands.values())


if __name__ == "__main__":
    main()
