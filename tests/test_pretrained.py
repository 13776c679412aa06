"""What is stored is what was measured: every number in `data/` is measured again here, from the stored weights."""

import re

import make_data
import numpy as np
import pretrain
import pytest

from lecturelib import cells, datasets, nets, pretrained, tasks

RUNS = [(part, key) for part in sorted(pretrain.PARTS) for key in pretrained.load(part)]
TEXT = datasets.code()[1][:50_001]


def run_of(part, key):
    return pretrained.load(part)[key]


# -- how it is stored ---------------------------------------------------------------------------------------------------------


def test_all_data_together_is_small_and_says_where_it_comes_from():
    files = [path for path in pretrained.DATA.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 6_000_000
    origin = (pretrained.DATA / "README.md").read_text("utf-8")
    assert all(path.name in origin for path in files if path.suffix != ".md")


def test_each_part_holds_the_runs_that_its_command_makes():
    for part, runs in pretrain.PARTS.items():
        own = re.compile(r" (before|step \d+)$")
        assert {own.sub("", key) for key in pretrained.load(part)} == set(runs)


def test_what_is_saved_is_loaded_and_the_same_runs_give_the_same_bytes(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    pair = nets.init_encoder_decoder(rng, 3, 4, 5, layers=2)
    runs = {
        "a": pretrained.Trained(
            pretrained.halved(nets.init_net(rng, cells.init_rnn(rng, 1, 3), 2)), {"seed": 0}, {"accuracy": 0.5}
        ),
        "b": pretrained.Trained(pretrained.halved(pair), {"phi": None}, {"curve": [1.0, 0.5]}),
    }
    for name in ("one", "two"):
        pretrained.save(tmp_path / f"{name}.npz", runs)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    monkeypatch.setattr(pretrained, "DATA", tmp_path)
    again = pretrained.load("one")
    assert list(again) == ["a", "b"]
    for key, run in runs.items():
        assert (again[key].made, again[key].measured) == (run.made, run.measured)
        assert repr(again[key].net) == repr(run.net)  # the same types, shapes, dtypes and numbers
    assert again["b"].net.encoder[1].W_h.dtype == np.float32
    with pytest.raises(ValueError, match="name: no stored runs are called 'three'; there are one, two"):
        pretrained.load("three")


@pytest.mark.parametrize("name", ["digits", "code", "numbers", "torch", "../data/pixels", "pixels.npz", ""])
def test_only_files_that_hold_runs_can_be_loaded_and_only_they_are_listed(name):
    with pytest.raises(ValueError, match=r"there are adding, characters, clipping, pixels, translation$"):
        pretrained.load(name)


def test_only_halved_nets_are_saved(tmp_path):
    net = nets.init_net(np.random.default_rng(0), cells.init_rnn(np.random.default_rng(0), 1, 3), 2)
    for wrong in (net, pretrained.halved(net)._replace(b=np.float32([0.1, 0]))):
        with pytest.raises(ValueError, match=r"runs\['a'\].net must be halved"):
            pretrained.save(tmp_path / "a.npz", {"a": pretrained.Trained(wrong, {}, {})})
    with pytest.raises(ValueError, match="runs must be described by plain numbers, words and lists of them"):
        pretrained.save(tmp_path / "a.npz", {"a": pretrained.Trained(pretrained.halved(net), {"seed": object()}, {})})
    assert not list(tmp_path.iterdir())


# -- slow cells ---------------------------------------------------------------------------------------------------------------


def test_slow_numbers_are_computed_here_and_kept_for_a_browser(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LECTURELIB_SLOW", str(tmp_path / "slow.json"))
    assert pretrained.slow("a", lambda: 1) == 1
    assert pretrained.slow("b", lambda: [np.float64(0.5), [2]]) == [0.5, [2]]
    assert pretrained.slow("a", lambda: 3) == 3
    assert capsys.readouterr().out == ""

    monkeypatch.setattr(pretrained, "DATA", tmp_path)
    never = pytest.fail  # from here on nothing is computed
    monkeypatch.setenv("LECTURELIB_SLOW", "stored")
    assert (pretrained.slow("a", never), capsys.readouterr().out) == (3, "")
    monkeypatch.delenv("LECTURELIB_SLOW")
    monkeypatch.setattr(pretrained.sys, "platform", "emscripten")
    assert (pretrained.slow("a", never), pretrained.slow("b", never)) == (3, [0.5, [2]])
    assert "stored run" in capsys.readouterr().out
    with pytest.raises(ValueError, match="'c' was never stored: run `make notebooks`; there are a, b"):
        pretrained.slow("c", never)


# -- each number, again -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for part, key in RUNS if part == "pixels"])
def test_accuracy_on_the_held_out_digits(key):
    run = run_of("pixels", key)
    held_out = datasets.digits(run.made["side"])[1]
    flat = held_out.images.reshape(1000, -1)
    if run.made["shuffled"]:
        flat = flat[:, np.random.default_rng(0).permutation(flat.shape[1])]
    h = cells.unroll(run.net.cell, np.ascontiguousarray(flat.T)[..., None], phi=run.made["phi"]).h[-1]
    right = np.argmax(h @ run.net.W.T + run.net.b, axis=1) == held_out.labels
    assert right.mean() == pytest.approx(run.measured["accuracy"], abs=0.002)  # two digits of a thousand may hang on rounding


@pytest.mark.parametrize("key", [key for part, key in RUNS if part == "adding"])
def test_error_on_fresh_sums(key):
    run = run_of("adding", key)
    rng = np.random.default_rng(1000)
    errors = []
    for _ in range(200):
        x, y = tasks.adding(rng, 32, run.made["T"])
        errors.append(np.mean((nets.output(run.net, x, phi=run.made["phi"]) - y) ** 2))
    assert np.mean(errors) == pytest.approx(run.measured["error"], rel=1e-3)


@pytest.mark.parametrize("key", [key for part, key in RUNS if part == "characters"])
def test_bits_per_character_of_held_out_code(key):
    run = run_of("characters", key)
    words = datasets.encode_text(TEXT)
    h = cells.unroll(run.net.cell, np.eye(96, dtype=np.float32)[words[:-1]][:, None]).h[1:, 0]
    scores = (h @ run.net.W.T + run.net.b).astype(float)
    bits = np.log2(np.exp(scores).sum(1)) - scores[np.arange(len(scores)), words[1:]] / np.log(2)
    assert bits.mean() == pytest.approx(run.measured["bits"], rel=1e-4)


@pytest.mark.parametrize("key", [key for part, key in RUNS if part == "translation"])
def test_translations_that_are_right(key):
    run = run_of("translation", key)
    held_out = datasets.translation(run.made["below"], reverse=run.made["reverse"])[1]
    written = nets.translate(run.net, held_out.source, len(held_out.target))
    assert np.mean(written[0] == held_out.target[0]) == pytest.approx(run.measured["first"], abs=0.003)
    assert np.mean((written == held_out.target).all(0)) == pytest.approx(run.measured["exact"], abs=0.003)


# -- what the notebooks say of them -------------------------------------------------------------------------------------------


def accuracies(start):
    return [run.measured["accuracy"] for key, run in pretrained.load("pixels").items() if re.match(start, key)]


def test_the_losses_of_notebook_04_are_those_of_its_runs():
    for rate, eta, slack in ((0.3, 0.5, 0.3), (1.0, 0.5, 0.5), (1.0, None, 0.5)):
        again, stored = pretrain.recall(rate, eta)[0], run_of("clipping", f"rate {rate:g} η {eta or 'none'}")
        assert again.made == stored.made
        assert abs(np.median(again.measured["log losses"]) - np.median(stored.measured["log losses"])) <= slack


def test_the_identity_rnn_reads_digits_pixel_by_pixel():
    assert min(accuracies(r"IRNN 784 seed")) >= 0.9
    assert min(accuracies(r"IRNN 196 seed")) >= 0.94


def test_the_identity_rnn_learns_to_add_where_the_tanh_rnn_does_not():
    runs = pretrained.load("adding")
    for T in (100, 150, 200):
        assert max(runs[f"IRNN {T} seed {seed}"].measured["error"] for seed in range(3)) < 0.01
        assert min(runs[f"tanh {T} seed {seed}"].measured["error"] for seed in range(3)) > 0.05


# -- the command ----------------------------------------------------------------------------------------------------------------


def test_each_kind_of_run_learns_from_its_task_and_measures_it():
    """A few steps of each: nets of the right kind, settings that say how, numbers that are theirs."""
    pixels = pretrain.READERS["IRNN"](seed=0, steps=101, rate=1e-3, side=7)
    sums = pretrain.ADDERS["LSTM"](T=100, seed=0, steps=5)
    text = pretrain.read_code(0, H=8, steps=101)
    words = pretrain.learn_to_translate(cells.init_rnn, below=1000, reverse=True, seed=0, steps=60, rate=1e-3, marks=(1,))
    assert [len(runs) for runs in (pixels, sums, text, words)] == [1, 2, 1, 2]
    for run in (*pixels, *sums, *text, *words):
        assert run.made["ended"] == "finished"
        assert all(np.isfinite(v).all() for v in run.measured.values())
    assert sums[0].measured["error"] != sums[1].measured["error"]  # after, and before


def test_the_same_seed_gives_the_same_run():
    one, two = (pretrain.READERS["tanh"](seed=4, steps=101, rate=1e-3, side=7)[0] for _ in range(2))
    assert repr(one) == repr(two)


@pytest.mark.parametrize("command, wrong, first", [(pretrain, "pixel", "pixels"), (make_data, "digit", "digits")])
def test_a_part_that_does_not_exist_is_named(command, wrong, first, capsys):
    with pytest.raises(SystemExit):
        command.main([wrong])
    said = capsys.readouterr().err
    assert f"invalid choice: '{wrong}'" in said and first in said
