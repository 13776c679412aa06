"""`cells`, `nets` and `train` against PyTorch, where it is installed; where CI=true it must be."""

import os

import make_data
import numpy as np
import pytest

from lecturelib import cells, nets, pretrained, train

try:
    import torch
except ModuleNotFoundError:
    if os.environ.get("CI", "").lower() in ("1", "true"):
        raise
    pytest.skip("PyTorch is not installed (pip install torch==2.13.0): nothing compared with it", allow_module_level=True)

IFGO = [0, 1, 3, 2]  # PyTorch's order of the gates, of the slide's i, f, o, g
TOLERANCE = {np.float32: (1e-5, 1e-4), np.float64: (1e-10, 1e-10)}  # of outputs, of gradients
SIZES = [(1, 1, 1, 1), (7, 1, 3, 5), (20, 4, 3, 8), (60, 16, 2, 32)]  # T, B, D, H


def gates(a):
    return a.reshape(4, len(a) // 4, -1)[IFGO].reshape(a.shape)


def near(mine, truth, rtol):
    truth = truth.detach().numpy()
    np.testing.assert_allclose(mine, truth, rtol=rtol, atol=rtol * max(np.abs(truth).max(), 1e-30))


def case(kind, sizes, dtype, seed=0):
    (T, B, D, H), rng = sizes, np.random.default_rng(seed)
    p = (cells.init_lstm if kind == "lstm" else cells.init_rnn)(rng, D, H, dtype=dtype)
    p = p._replace(b=p.b + rng.standard_normal(len(p.b)).astype(dtype) / 3)
    x, h0, c0, h_bar = (rng.standard_normal(s).astype(dtype) for s in ((T, B, D), (B, H), (B, H), (T, B, H)))
    return p, x, h0, c0, h_bar


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["tanh", "relu", "lstm"])
def test_modules_of_torch_agree(kind, sizes, dtype):
    p, x, h0, c0, h_bar = case(kind, sizes, dtype)
    order = gates if kind == "lstm" else np.asarray
    D, H = sizes[2:]
    net = torch.nn.LSTM(D, H) if kind == "lstm" else torch.nn.RNN(D, H, nonlinearity=kind)
    net.to(torch.from_numpy(x).dtype)
    with torch.no_grad():
        for name, a in (("weight_ih_l0", p.W_x), ("weight_hh_l0", p.W_h), ("bias_ih_l0", p.b), ("bias_hh_l0", 0 * p.b)):
            getattr(net, name).copy_(torch.from_numpy(order(a)))
    X, H0, C0 = (torch.tensor(a, requires_grad=True) for a in (x, h0[None], c0[None]))
    y, end = net(X, (H0, C0) if kind == "lstm" else H0)
    last = end[1][0] if kind == "lstm" else None
    loss = (y * torch.from_numpy(h_bar)).sum() + (last.sum() if kind == "lstm" else 0)
    loss.backward()

    trace = cells.unroll(p, x, h0=h0, **({"c0": c0} if kind == "lstm" else {"phi": kind}))
    back = cells.backprop(trace, h_bar, c_bar=np.ones_like(c0) if kind == "lstm" else None, inputs=True)
    out, grad = TOLERANCE[dtype]
    near(trace.h[1:], y, out)
    near(order(back.p.W_x), net.weight_ih_l0.grad, grad)
    near(order(back.p.W_h), net.weight_hh_l0.grad, grad)
    near(order(back.p.b), net.bias_ih_l0.grad, grad)
    near(back.x_bar, X.grad, grad)
    near(back.h_bar[0], H0.grad[0], grad)
    if kind == "lstm":
        near(trace.c[-1], last, out)
        near(back.c_bar[0], C0.grad[0], grad)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", ["logistic", "linear", "lstm"])
def test_a_loop_by_hand_in_torch_agrees_step_by_step(kind, dtype):
    """Every total derivative dL/dh_t and dL/dc_t, from autograd's graph of the slide's equations."""
    p, x, h0, c0, h_bar = case(kind, (9, 3, 2, 4), dtype)
    if kind == "linear":
        p = p._replace(W_h=p.W_h / 2)
    P = type(p)(*(torch.tensor(a, requires_grad=True) for a in p))
    h, c = torch.tensor(h0, requires_grad=True), torch.tensor(c0, requires_grad=True)
    hs, cs = [h], [c]
    for X in torch.from_numpy(x):
        z = X @ P.W_x.T + h @ P.W_h.T + P.b
        if kind == "lstm":
            i, f, o, g = z.split(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        else:
            h = torch.sigmoid(z) if kind == "logistic" else z
        for a in (h, c) if kind == "lstm" else (h,):
            a.retain_grad()
        hs.append(h)
        cs.append(c)
    (torch.stack(hs[1:]) * torch.from_numpy(h_bar)).sum().backward()

    trace = cells.unroll(p, x, h0=h0, **({"c0": c0} if kind == "lstm" else {"phi": kind}))
    back = cells.backprop(trace, h_bar)
    out, grad = TOLERANCE[dtype]
    for t in range(10):
        near(trace.h[t], hs[t], out)
        near(back.h_bar[t], hs[t].grad, grad)
        if kind == "lstm":
            near(trace.c[t], cs[t], out)
            near(back.c_bar[t], cs[t].grad if cs[t].grad is not None else torch.zeros_like(cs[t]), grad)
    for mine, truth in zip(back.p, P, strict=True):
        near(mine, truth.grad, grad)


@pytest.mark.parametrize(("dtype", "bias"), [(np.float32, -20), (np.float32, -80), (np.float64, -40), (np.float64, -700)])
def test_the_gradient_of_a_shut_forget_gate_agrees_with_torch(dtype, bias):
    p, x, h0, c0, _ = case("lstm", (1, 2, 3, 4), dtype)
    b = p.b.copy()
    b[4:8] = bias
    p = p._replace(b=b)
    P = type(p)(*(torch.tensor(a, requires_grad=True) for a in p))
    i, f, o, g = (torch.from_numpy(x[0]) @ P.W_x.T + torch.from_numpy(h0) @ P.W_h.T + P.b).split(4, dim=1)
    c = torch.sigmoid(f) * torch.from_numpy(c0) + torch.sigmoid(i) * torch.tanh(g)
    (torch.sigmoid(o) * torch.tanh(c)).sum().backward()
    mine = cells.backprop(cells.unroll(p, x, h0=h0, c0=c0), np.ones((2, 4), dtype)).p
    truth = P.b.grad.numpy()[4:8]
    assert (0 < np.abs(truth)).all() and np.abs(truth).max() < 1e-7
    np.testing.assert_allclose(mine.b[4:8], truth, rtol=TOLERANCE[dtype][1])
    np.testing.assert_allclose(mine.W_h[4:8], P.W_h.grad.numpy()[4:8], rtol=TOLERANCE[dtype][1])


def test_cross_entropy_and_adam_walk_the_same_way_as_torch():
    """Ten steps of Adam with clipping on a net with a softmax: the same losses and the same parameters."""
    rng = np.random.default_rng(0)
    net = nets.Net(cells.init_lstm(rng, 3, 6), rng.standard_normal((4, 6)), np.zeros(4))
    batches = [(rng.standard_normal((12, 5, 3)), rng.integers(0, 4, 5)) for _ in range(10)]
    run = train.fit(lambda p, batch: nets.loss(p, *batch, error=nets.cross_entropy), net, batches, train.adam(0.01), clip=0.05)

    lstm, readout = torch.nn.LSTM(3, 6).double(), torch.nn.Linear(6, 4).double()
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(torch.from_numpy(gates(net.cell.W_x)))
        lstm.weight_hh_l0.copy_(torch.from_numpy(gates(net.cell.W_h)))
        lstm.bias_ih_l0.copy_(torch.from_numpy(gates(net.cell.b)))
        lstm.bias_hh_l0.zero_().requires_grad_(False)
        readout.weight.copy_(torch.from_numpy(net.W))
        readout.bias.copy_(torch.from_numpy(net.b))
    lstm.bias_hh_l0.requires_grad_(False)
    weights = [w for w in (*lstm.parameters(), *readout.parameters()) if w.requires_grad]
    adam, losses, norms = torch.optim.Adam(weights, lr=0.01), [], []
    for x, labels in batches:
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(readout(lstm(torch.from_numpy(x))[0][-1]), torch.from_numpy(labels))
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(weights, 0.05).item())
        adam.step()
    np.testing.assert_allclose(run.losses, losses, rtol=1e-6)  # torch clips to eta / (|g| + 1e-6), the lecture to eta / |g|
    np.testing.assert_allclose(run.norms, norms, rtol=1e-5)
    near(gates(run.params.cell.W_h), lstm.weight_hh_l0, 1e-4)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", ["tanh", "lstm"])
def test_the_encoder_decoder_agrees_with_torch(kind, layers):
    rng = np.random.default_rng(1)
    source, target = rng.integers(0, 5, (6, 3)), rng.integers(0, 7, (4, 3))
    make = cells.init_lstm if kind == "lstm" else cells.init_rnn
    net = nets.init_encoder_decoder(rng, 5, 7, 8, layers=layers, cell=make)
    loss, gradient = nets.translation_loss(net, source, target)

    order, module = (gates, torch.nn.LSTM) if kind == "lstm" else (np.asarray, torch.nn.RNN)
    sides = {"encoder": module(5, 8, layers).double(), "decoder": module(7, 8, layers).double()}
    with torch.no_grad():
        for side, torchs in sides.items():
            for k, p in enumerate(getattr(net, side)):
                for name, a in (("weight_ih", p.W_x), ("weight_hh", p.W_h), ("bias_ih", p.b), ("bias_hh", 0 * p.b)):
                    getattr(torchs, f"{name}_l{k}").copy_(torch.from_numpy(order(a)))
    W, b = torch.tensor(net.W, requires_grad=True), torch.tensor(net.b, requires_grad=True)
    told = np.vstack([np.zeros((1, 3), int), target[:-1]])
    _, state = sides["encoder"](torch.eye(5).double()[source])
    h, _ = sides["decoder"](torch.eye(7).double()[told], state)
    truth = torch.nn.functional.cross_entropy((h @ W.T + b).reshape(-1, 7), torch.from_numpy(target.reshape(-1)))
    truth.backward()
    assert loss == pytest.approx(truth.item(), rel=1e-12)
    near(gradient.W, W.grad, 1e-10)
    near(gradient.b, b.grad, 1e-10)
    for side, torchs in sides.items():
        for k, p in enumerate(getattr(gradient, side)):
            near(order(p.W_x), getattr(torchs, f"weight_ih_l{k}").grad, 1e-10)
            near(order(p.W_h), getattr(torchs, f"weight_hh_l{k}").grad, 1e-10)
            near(order(p.b), getattr(torchs, f"bias_ih_l{k}").grad, 1e-10)


def test_an_lstm_of_torch_starts_as_notebook_07_says():
    """All numbers are drawn between -1/8 and 1/8 for 64 cells, and what is added to the second quarter is added to f."""
    torch.manual_seed(0)
    lstm = torch.nn.LSTM(1, 64)
    for numbers in lstm.parameters():
        assert 0.9 / 8 < numbers.abs().max() <= 1 / 8 and abs(numbers.mean()) < 0.04
    lstm.bias_hh_l0.data[64:128] += 100  # all forget gates open: without input and old output, c stays
    with torch.no_grad():
        lstm.bias_hh_l0.data[:64] -= 100  # all input gates shut
        _, (_, c) = lstm(torch.zeros(50, 1, 1), (torch.zeros(1, 1, 64), torch.ones(1, 1, 64)))
    near(np.ones(64), c[0, 0], 1e-6)


def test_the_numbers_of_torch_in_the_data_are_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(make_data, "DATA", tmp_path)
    make_data.torch()
    with np.load(tmp_path / "torch.npz") as fresh, np.load(pretrained.DATA / "torch.npz") as kept:
        assert set(fresh) == set(kept)
        for name in fresh:
            np.testing.assert_allclose(kept[name], fresh[name], rtol=1e-12, atol=1e-14)
