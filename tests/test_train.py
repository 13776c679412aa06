"""`train`: clipping, steps, and what a run records, also when it ends badly."""

from typing import NamedTuple

import numpy as np
import pytest

from lecturelib import cells, nets, train


class Pair(NamedTuple):
    a: np.ndarray
    b: tuple


G = Pair(np.array([3.0, 0.0]), (np.array([[4.0]]), 12.0))  # |G| = 13


def bowl(w, slope):
    """The loss slope w^2 / 2 and its gradient."""
    return slope * w**2 / 2, slope * w


# -- clipping -----------------------------------------------------------------------------------------------------------------


def test_the_norm_is_that_of_all_numbers_together():
    assert train.norm(G) == 13
    assert train.norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert train.norm((np.array([3e200]), np.array([[4e200]]))) == pytest.approx(5e200)
    assert train.norm(np.float32([3e30, 4e30])) == pytest.approx(5e30)
    assert train.norm(np.zeros(3)) == 0
    assert train.norm((np.array([1.0]), np.array([np.inf]))) == np.inf
    assert np.isnan(train.norm(np.array([1.0, np.nan])))


def test_clipping_by_norm_keeps_the_direction():
    clipped, size = train.clip_norm(G, 1.3)
    assert size == 13
    assert train.norm(clipped) == pytest.approx(1.3)
    assert type(clipped) is Pair
    np.testing.assert_allclose(clipped.a, G.a / 10)
    np.testing.assert_allclose(clipped.b[0], G.b[0] / 10)


def test_a_list_of_arrays_is_a_nest_too():
    clipped, size = train.clip_norm([np.array([3.0, 0.0]), np.array([[4.0]])], 1.0)
    assert size == 5
    assert [g.tolist() for g in clipped] == [[0.6000000000000001, 0], [[0.8]]]


@pytest.mark.parametrize("eta", [13.0, 20.0])
def test_a_short_gradient_is_left_as_it_is(eta):
    clipped, size = train.clip_norm(G, eta)
    assert clipped is G
    assert size == 13


def test_a_gradient_without_a_length_cannot_be_clipped():
    for lost in (np.inf, np.nan):
        clipped, size = train.clip_norm(np.array([1.0, lost]), 1.0)
        assert clipped[0] == 1
        assert not np.isfinite(size)


def test_clipping_by_value_turns_the_gradient():
    clipped = train.clip_value(G, 1.0)
    assert clipped.a.tolist() == [1, 0]
    assert clipped.b[0].tolist() == [[1]]
    assert clipped.b[1] == 1
    assert train.clip_value(np.array([-5.0, 0.5]), 2.0).tolist() == [-2, 0.5]


def test_float32_stays_float32():
    g = np.float32([3, 4])
    assert train.clip_norm(g, 1.0)[0].dtype == np.float32
    for optimizer in (train.sgd(0.1), train.adam(0.1), train.sgd(lambda k: np.float64(0.1))):
        assert optimizer.update(1, g, g, optimizer.init(g)).dtype == np.float32


# -- steps --------------------------------------------------------------------------------------------------------------------


def test_gradient_descent_is_minus_rate_times_gradient():
    run = train.fit(bowl, 8.0, [1.0] * 3, train.sgd(0.5))
    assert run.params == 1.0
    assert run.losses == [32, 8, 2]
    assert run.norms == [8, 4, 2]


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    """Its mean and its root mean square are then the gradient itself, whatever its size."""
    w = np.array([5.0, -5.0, 1.0])
    optimizer = train.adam(0.1)
    step = optimizer.update(1, w, np.array([1e-3, -1e4, 7.0]), optimizer.init(w)) - w
    np.testing.assert_allclose(step, [-0.1, 0.1, -0.1], rtol=1e-4)


def test_adam_by_hand():
    m = v = 0.0
    w = hand = 2.0
    optimizer = train.adam(0.3, beta1=0.8, beta2=0.9)
    state = optimizer.init(w)
    for k in range(1, 6):
        g = np.cos(k) * hand
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g
        hand -= 0.3 * (m / (1 - 0.8**k)) / (np.sqrt(v / (1 - 0.9**k)) + 1e-8)
        w = optimizer.update(k, w, np.cos(k) * w, state)
        assert w == pytest.approx(hand, rel=1e-12)


def test_one_optimizer_serves_two_runs_without_remembering_the_first():
    optimizer = train.adam(0.1)
    first, second = (train.fit(bowl, 3.0, [1.0] * 20, optimizer) for _ in range(2))
    assert first.losses == second.losses


def test_a_rate_rises_and_falls_in_straight_lines():
    rate = train.linear_decay(2.0, 100, to=0.1, warm=10)
    assert [rate(k) for k in (1, 5, 10, 55, 100, 200)] == pytest.approx([0.2, 1.0, 2.0, 1.1, 0.2, 0.2])
    assert train.linear_decay(1.0, 10)(10) == pytest.approx(0.1)
    run = train.fit(lambda w, _: (w, 1.0), 0.0, range(3), train.sgd(lambda k: 10.0**-k))
    assert run.params == pytest.approx(-0.111)


# -- a run --------------------------------------------------------------------------------------------------------------------


def recall(seed=0, eta=1.0, steps=30, **more):
    """A tanh RNN that shall say the first of four symbols after five: 30 steps of it."""
    rng = np.random.default_rng(seed)
    net = nets.Net(cells.init_rnn(rng, 4, 16), 0.1 * rng.standard_normal((4, 16)), np.zeros(4))
    words = rng.integers(0, 4, (steps, 5, 8))
    batches = ((np.eye(4)[w], w[0]) for w in words)
    return train.fit(
        lambda p, batch: nets.loss(p, *batch, error=nets.cross_entropy), net, batches, train.adam(0.01), clip=eta, **more
    )


def test_the_same_seed_gives_the_same_run_to_the_bit():
    one, two, other = recall(), recall(), recall(seed=1)
    assert one.losses == two.losses
    assert one.norms == two.norms
    assert all(np.array_equal(a, b) for a, b in zip(one.params.cell, two.params.cell, strict=True))
    assert one.losses != other.losses


def test_marked_steps_keep_their_parameters():
    run = recall(marks=(0, 7, 30))
    assert sorted(run.marked) == [0, 7, 30]
    assert np.array_equal(run.marked[30].W, run.params.W)
    short = recall(steps=30, marks=(0,))
    assert np.array_equal(short.marked[0].W, run.marked[0].W)
    assert not np.array_equal(run.marked[7].W, run.marked[0].W)
    assert len(run.losses) == len(run.norms) == 30
    assert run.ended == "finished"


def test_a_run_may_stop_after_so_many_batches():
    run = train.fit(bowl, 1.0, iter([1.0] * 10), train.sgd(0.1), steps=4)
    assert len(run.losses) == 4
    assert run.text == "Step 4 of 4: loss 0.266, gradient norm 0.729; finished."


def test_a_run_that_blows_up_says_at_which_step_and_keeps_the_last_good_parameters():
    slopes = [1.0] * 6 + [1e6] + [1e300] * 5
    run = train.fit(bowl, 1.0, slopes, train.sgd(0.1))
    assert run.ended == ("stopped: loss is inf; the gradient norm blew up at step 7: 5.31e+05, 6.9e+05 times the earlier median")
    assert len(run.losses) == len(run.norms) == 8
    assert run.losses[-1] == np.inf
    assert np.isfinite(run.params)
    assert run.text.startswith("Step 8 of 12: loss inf")


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_a_lost_gradient_leaves_the_last_parameters_whose_loss_was_a_number(lost):
    run = train.fit(lambda w, k: (w * w, lost if k == 2 else 2 * w), 1.0, range(5), train.sgd(0.1))
    assert run.losses == pytest.approx([1.0, 0.64, 0.4096])
    assert run.losses[-1] == pytest.approx(run.params**2)  # this loss is a number, and these are its parameters
    assert run.ended.startswith(f"stopped: gradient norm is {lost}")
    run = train.fit(lambda w, k: (lost if k == 2 else w * w, 2 * w), 1.0, range(5), train.sgd(0.1))
    assert run.losses[-2] == pytest.approx(run.params**2)


def test_a_run_that_is_lost_from_the_start_says_so():
    run = train.fit(lambda w, _: (np.nan, np.nan), 1.0, [None] * 3, train.sgd(0.1))
    assert run.ended == "stopped: loss is nan in the first step"
    assert run.params == 1.0


def test_clipping_saves_the_run_that_blew_up():
    run = train.fit(bowl, 1.0, [1.0] * 6 + [1e6] + [1.0] * 5, train.sgd(0.1), clip=1.0)
    assert run.ended == "finished"
    assert run.norms[6] > 1e5
    assert abs(run.params) < 1


@pytest.mark.parametrize("where", ["loss", "watch", "batch"])
def test_an_interrupt_returns_what_there_is(where):
    def stop_at(k):
        if k == 5:
            raise KeyboardInterrupt

    def loss(w, k):
        if where == "loss":
            stop_at(k)
        return bowl(w, 1.0)

    def batches():
        for k in range(1, 9):
            if where == "batch":
                stop_at(k)
            yield k

    def watch(run):
        if where == "watch" and not run.ended:
            stop_at(len(run.losses))

    run = train.fit(loss, 1.0, batches(), train.sgd(0.5), watch=watch)
    done = 5 if where == "watch" else 4
    assert run.ended == "interrupted"
    assert len(run.losses) == len(run.norms) == done
    assert run.params == 0.5**done
    assert "interrupted" in run.text


def test_the_watcher_sees_each_step_and_the_end():
    seen = []
    run = train.fit(bowl, 1.0, [1.0] * 3, train.sgd(0.1), watch=lambda run: seen.append((len(run.losses), run.ended)))
    assert seen == [(1, ""), (2, ""), (3, ""), (3, "finished")]
    assert run.steps == 3


# -- bad input ----------------------------------------------------------------------------------------------------------------

BAD = {
    "eta": (lambda: train.clip_norm(G, 0), "eta must be a positive number, not 0"),
    "limit": (lambda: train.clip_value(G, -1.0), "limit must be a positive number, not -1.0"),
    "rate": (lambda: train.sgd(np.nan), "rate must be a positive number, not nan"),
    "clip": (lambda: train.fit(bowl, 1.0, [1.0], train.sgd(0.1), clip=-1), "clip must be a positive number"),
    "decay": (lambda: train.linear_decay(1.0, 10, warm=10), "decay needs 0 <= warm < steps"),
    "no batch": (lambda: train.fit(bowl, 1.0, [], train.sgd(0.1)), "there is no batch"),
    "other shape": (
        lambda: train.fit(lambda w, _: (0.0, np.ones(3)), np.ones(2), [1], train.sgd(0.1)),
        r"the gradient needs arrays like the parameters', of shapes \[\(2,\)\]; it has \[\(3,\)\]",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_words(name):
    call, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        call()


def test_each_array_may_have_its_own_share_of_adams_rate():
    w, g = (np.ones(2), [np.ones(3)]), (np.full(2, 5.0), [np.full(3, -5.0)])
    plain, shared = train.adam(0.1), train.adam(0.1, each=(1, [0.25]))
    one, other = (optimizer.update(1, w, g, optimizer.init(w)) for optimizer in (plain, shared))
    np.testing.assert_allclose(other[0], one[0])
    np.testing.assert_allclose(other[1][0] - 1, 0.25 * (one[1][0] - 1))
    with pytest.raises(ValueError, match="each number of each must be a positive number, not 0"):
        train.adam(0.1, each=(1, [0]))
