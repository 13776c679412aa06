"""The networks of the lectures: recurrent layers with a readout and a loss, and the gradient with respect to all parameters.

`Net` reads a sequence and answers once, from its last hidden state (many-to-one). `EncoderDecoder` reads a sentence and writes
another (the lecture's translation network, without attention). The losses are means over the examples, and come with the adjoint
of the output. Axes are T steps, B sequences, D inputs, K outputs. A word is a whole number from 0; -1 is padding: no word.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from lecturelib import cells, expect

END = 0  # the word <EOS>: it ends a sentence, and is the decoder's first input
PAD = -1

State = tuple[np.ndarray | None, np.ndarray | None]  # (h, c), each (B, H); None stands for 0, and for the c of an RNN


class Net(NamedTuple):
    """A recurrent layer and a linear readout of its last hidden state: y = W h_T + b. Its gradient has the same type."""

    cell: cells.RNN | cells.LSTM
    W: np.ndarray  # (K, H)
    b: np.ndarray  # (K,)


class EncoderDecoder(NamedTuple):
    """Encoder layers that read a sentence, and as many decoder layers that write one, starting from the encoder's last states.

    The first layer of each reads words (its D is the size of the vocabulary), each other layer the hidden states of the one
    below. The gradient has the same type.
    """

    encoder: tuple[cells.RNN | cells.LSTM, ...]
    decoder: tuple[cells.RNN | cells.LSTM, ...]
    W: np.ndarray  # (K, H), from the top layer's hidden state to the score of each word
    b: np.ndarray  # (K,)


# -- losses -----------------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def squared_error(y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """(mean of (y - target)^2, its adjoint y_bar), for y and target of shape (B, K). ValueError: the shapes differ."""
    B, K = expect.array("y", y, "B K", finite=False).shape
    target = expect.numbers("target", target, "B K", B=B, K=K)
    error = y - target.astype(y.dtype)
    return np.mean(error * error), error * y.dtype.type(2 / error.size)


@np.errstate(all="ignore")
def cross_entropy(y: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """(mean of -log softmax(y)[label] in nats, its adjoint y_bar), for y (..., K) and integer labels (...); -1 is ignored.

    ValueError: labels of another shape, not integers, outside -1 ... K - 1, or all -1.
    """
    *axes, K = expect.array("y", y, "... K", finite=False).shape
    labels = expect.words("labels", labels, K, " ".join(map(str, axes)))
    counted = labels != PAD
    if not counted.any():
        raise ValueError("labels are all -1: there is nothing to learn from")
    y = y - y.max(-1, keepdims=True)
    p = np.exp(y)
    total = p.sum(-1, keepdims=True)
    p /= total
    n = np.count_nonzero(counted)
    right = np.take_along_axis(y - np.log(total), np.maximum(labels, 0)[..., None], -1)[..., 0]
    np.put_along_axis(p, np.maximum(labels, 0)[..., None], np.exp(right)[..., None] - 1, -1)
    return -right[counted].sum() / n, p * (counted / n).astype(p.dtype)[..., None]


@np.errstate(all="ignore")
def softmax(y: np.ndarray) -> np.ndarray:
    """The probabilities exp(y_k) / (sum over j of exp(y_j)) of the scores y (..., K), along the last axis."""
    y = expect.array("y", y, "... K", finite=False)
    p = np.exp(y - y.max(-1, keepdims=True))  # no exponential overflows
    return p / p.sum(-1, keepdims=True)


def init_net(rng: np.random.Generator, cell: cells.RNN | cells.LSTM, K: int, *, gain: float = 0.1) -> Net:
    """A Net on this cell with K outputs. The readout's weights are drawn from N(0, gain^2), its biases are 0.

    ValueError: K is not a whole number >= 1; gain is negative.
    """
    expect.generator("rng", rng)
    _, H = cells.sizes(cell, "cell")
    K, gain = expect.whole("K", K), expect.number("gain", gain, least=0)
    expect.room("K", K, H)
    W = gain * rng.standard_normal((K, H))
    return Net(cell, W.astype(cell.b.dtype), np.zeros(K, cell.b.dtype))


# -- many to one ------------------------------------------------------------------------------------------------------------


def output(net: Net, x: np.ndarray, *, phi: str | None = None) -> np.ndarray:
    """The output y (B, K) after reading x (T, B, D). ValueError: as `cells.unroll`."""
    _sizes(net)
    return cells.unroll(net.cell, x, phi=phi).h[-1] @ net.W.T + net.b


def loss(
    net: Net,
    x: np.ndarray,
    target: np.ndarray,
    *,
    error: Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]],
    phi: str | None = None,
) -> tuple[float, Net]:
    """(loss, gradient) of the output for x (T, B, D). `error` is `squared_error` or `cross_entropy`; the gradient is a `Net`.

    ValueError: as `cells.unroll` and as `error`.
    """
    _, _, K = _sizes(net)
    expect.function("error", error, "a loss, such as squared_error or cross_entropy")
    trace = cells.unroll(net.cell, x, phi=phi)
    h = trace.h[-1]
    value, y_bar = error(h @ net.W.T + net.b, target)
    expect.array("y_bar of error", y_bar, "B K", h.dtype, finite=False, B=len(h), K=K)
    back = cells.backprop(trace, y_bar @ net.W)
    return value, Net(back.p, y_bar.T @ h, y_bar.sum(0))


# -- predicting the next word -----------------------------------------------------------------------------------------------


def next_loss(net: Net, words: np.ndarray, *, state: State = (None, None), phi: str | None = None) -> tuple[float, Net, State]:
    """(loss, gradient, last state (h, c)) of predicting each word of `words` (T + 1, B) from the words before it.

    The loss is the mean cross entropy per word, in nats. `state`: the last state of the preceding text (default 0); backprop
    stops there. ValueError: words outside the vocabulary, or fewer than two steps.
    """
    words = expect.words("words", words, _vocabulary_size(net), "T B")
    state = _state(state)
    if len(words) < 2:
        raise ValueError(f"words has shape {words.shape}; it needs at least two steps, (T + 1, B)")
    trace = cells.unroll(net.cell, _one_hot(words[:-1], net.cell), h0=state[0], c0=state[1], phi=phi)
    h = trace.h[1:]
    value, y_bar = cross_entropy(h @ net.W.T + net.b, words[1:])
    back = cells.backprop(trace, y_bar @ net.W)
    flat, h = y_bar.reshape(-1, len(net.b)), h.reshape(-1, h.shape[-1])
    return value, Net(back.p, flat.T @ h, flat.sum(0)), _last_states([trace])[0]


def sample(net: Net, rng: np.random.Generator, words: np.ndarray, length: int, *, temperature: float = 1.0) -> np.ndarray:
    """Continue `words` (T,) by `length` words, shape (length,), each drawn from softmax(scores / temperature).

    ValueError: words outside the vocabulary, no words, or a temperature that is not positive.
    """
    words = expect.words("words", words, _vocabulary_size(net), "T")[:, None]
    length, temperature = expect.whole("length", length, least=0, most=10**6), expect.positive("temperature", temperature)
    expect.generator("rng", rng)
    state: State = (None, None)
    written: list[int] = []
    for _ in range(length):
        trace = cells.unroll(net.cell, _one_hot(words, net.cell), h0=state[0], c0=state[1])
        state = _last_states([trace])[0]
        scores = (trace.h[-1, 0] @ net.W.T + net.b) / temperature
        chances = np.cumsum(np.exp(scores - scores.max()), dtype=float)
        words = np.array([[np.searchsorted(chances, rng.random() * chances[-1])]])
        written.append(words[0, 0])
    return np.array(written, int)


# -- encoder and decoder ----------------------------------------------------------------------------------------------------


def init_encoder_decoder(
    rng: np.random.Generator,
    words_in: int,
    words_out: int,
    H: int,
    *,
    layers: int = 2,
    cell: Callable = cells.init_lstm,
    dtype: DTypeLike = np.float64,
) -> EncoderDecoder:
    """An EncoderDecoder from a vocabulary of words_in to one of words_out words, with `layers` layers of H units on each side.

    `cell(rng, D, H, dtype=...)` makes a layer: `cells.init_lstm`, `cells.init_rnn` or a partial of one. ValueError: a size that
    is not a whole number >= 1.
    """
    expect.generator("rng", rng)
    words_in, words_out = expect.whole("words_in", words_in), expect.whole("words_out", words_out)
    H, layers, dtype = expect.whole("H", H), expect.whole("layers", layers, most=1000), expect.dtype("dtype", dtype)
    expect.room("words_in, words_out and H", H, words_in + words_out + 8 * layers * H)
    expect.function("cell", cell, "a function that makes a layer, such as cells.init_lstm")
    encoder, decoder = (
        tuple(cell(rng, D, H, dtype=dtype) for D in (words, *[H] * (layers - 1))) for words in (words_in, words_out)
    )
    W = rng.standard_normal((words_out, H)) / np.sqrt(H)
    net = EncoderDecoder(encoder, decoder, W.astype(dtype), np.zeros(words_out, dtype))
    _vocabulary_sizes(net)
    return net


def translation_loss(
    net: EncoderDecoder, source: np.ndarray, target: np.ndarray, *, phi: str | None = None
) -> tuple[float, EncoderDecoder]:
    """(loss, gradient) of writing `target` (T_out, B) after reading `source` (T_in, B); both are words, or -1 for padding.

    The decoder is given the correct previous word (teacher forcing). The loss is the mean cross entropy per word, in nats; the
    gradient is an EncoderDecoder. ValueError: words outside the vocabulary; `source` and `target` differ in B.
    """
    target, encoder_traces, decoder_traces = _teacher_forced(net, source, target, phi)
    h = decoder_traces[-1].h[1:]
    value, y_bar = cross_entropy(h @ net.W.T + net.b, target)
    encoder_bars, decoder_bars = _backward(encoder_traces, decoder_traces, y_bar @ net.W)
    flat, h = y_bar.reshape(-1, len(net.b)), h.reshape(-1, h.shape[-1])
    return value, EncoderDecoder(tuple(a.p for a in encoder_bars), tuple(a.p for a in decoder_bars), flat.T @ h, flat.sum(0))


def predictions(net: EncoderDecoder, source: np.ndarray, target: np.ndarray, *, phi: str | None = None) -> np.ndarray:
    """The most likely word (T_out, B) at each position of `target`, under teacher forcing. As `translation_loss`."""
    decoder_traces = _teacher_forced(net, source, target, phi)[2]
    return np.argmax(decoder_traces[-1].h[1:] @ net.W.T + net.b, axis=-1)


def input_gradients(net: EncoderDecoder, source: np.ndarray, target: np.ndarray, *, phi: str | None = None) -> np.ndarray:
    """The sensitivity of each output to each input, shape (T_out, T_in): |d score of target word j / d source word i|.

    `source` (T_in,) and `target` (T_out,) are one sentence each. ValueError: as `translation_loss`.
    """
    reads, writes = _vocabulary_sizes(net)
    source, target = expect.words("source", source, reads, "T"), expect.words("target", target, writes, "T", least=0)
    source, target = (np.repeat(words[:, None], len(target), axis=1) for words in (source, target))
    target, encoder_traces, decoder_traces = _teacher_forced(net, source, target, phi)
    h_bar = np.zeros_like(decoder_traces[-1].h[1:])
    each = np.arange(len(target))  # copy j of the sentence is for word j
    h_bar[each, each] = net.W[target[:, 0]]
    encoder_bars, _ = _backward(encoder_traces, decoder_traces, h_bar, inputs=True)
    return np.linalg.norm(encoder_bars[0].x_bar, axis=-1).T


def probabilities(net: EncoderDecoder, source: np.ndarray, target: np.ndarray, *, phi: str | None = None) -> np.ndarray:
    """The probability (T_out, B) of each word of `target`, under teacher forcing; 0 for padding. As `translation_loss`."""
    target, _, decoder_traces = _teacher_forced(net, source, target, phi)
    p = softmax(decoder_traces[-1].h[1:] @ net.W.T + net.b)
    return np.where(target == PAD, 0, np.take_along_axis(p, np.maximum(target, 0)[..., None], -1)[..., 0])


def translate(net: EncoderDecoder, source: np.ndarray, steps: int, *, phi: str | None = None) -> np.ndarray:
    """Greedy decoding: the words (steps, B) that the net writes after `source` (T_in, B); -1 after the word END (0).

    ValueError: words outside the vocabulary, or steps < 1.
    """
    reads, _ = _vocabulary_sizes(net)
    source, steps = expect.words("source", source, reads, "T B"), expect.whole("steps", steps, most=10**4)
    states = _last_states(_forward(net.encoder, _one_hot(source, net.encoder[0]), phi))
    word, written = np.full(source.shape[1], END), []
    unfinished = np.ones(source.shape[1], bool)
    for _ in range(steps):
        decoder_traces = _forward(net.decoder, _one_hot(word[None], net.decoder[0]), phi, states)
        states = _last_states(decoder_traces)
        word = np.argmax(decoder_traces[-1].h[-1] @ net.W.T + net.b, axis=-1)
        written.append(np.where(unfinished, word, PAD))
        unfinished &= word != END
    return np.array(written)


def _forward(layers, x, phi, states=None):
    """The traces of a stack of layers, each reading the hidden states of the one below, from initial `states` (h, c) or 0."""
    traces = []
    for layer, (h, c) in zip(layers, states or [(None, None)] * len(layers), strict=True):
        traces.append(cells.unroll(layer, x, h0=h, c0=c, phi=phi))
        x = traces[-1].h[1:]
    return traces


def _teacher_forced(net, source, target, phi):
    """(target, the encoder's traces, the decoder's traces), the decoder being given the correct previous words."""
    reads, writes = _vocabulary_sizes(net)
    source = expect.words("source", source, reads, "T B")
    target = expect.words("target", target, writes, "T B", B=source.shape[1])
    encoder_traces = _forward(net.encoder, _one_hot(source, net.encoder[0]), phi)
    before = np.vstack([np.full_like(target[:1], END), target[:-1]])
    return target, encoder_traces, _forward(net.decoder, _one_hot(before, net.decoder[0]), phi, _last_states(encoder_traces))


def _last_states(traces):
    """The last state (h, c) of each layer."""
    return [(t.h[-1], None if t.c is None else t.c[-1]) for t in traces]


def _backward(encoder_traces, decoder_traces, h_bar, inputs=False):
    """The adjoints of both stacks: `h_bar` (T_out, B, H) is that of the decoder's top layer; `inputs` asks for x_bar."""
    decoder_bars = _stack_backward(decoder_traces, h_bar)
    ends = [(a.h_bar[0], None if a.c_bar is None else a.c_bar[0]) for a in decoder_bars]
    return _stack_backward(encoder_traces, None, ends, inputs), decoder_bars


def _stack_backward(traces, h_bar, ends=None, inputs=False):
    """The adjoints of `_forward`, given those of the top layer (T, B, H), and of the last states: `ends`, (h_bar, c_bar) each."""
    adjoints = []
    for k in reversed(range(len(traces))):
        last, c_bar = ends[k] if ends else (None, None)
        if h_bar is None:
            h_bar = last
        elif ends:
            h_bar = h_bar.copy()
            h_bar[-1] += last
        adjoints.append(cells.backprop(traces[k], h_bar, c_bar=c_bar, inputs=inputs or k > 0))
        h_bar = adjoints[-1].x_bar
    return adjoints[::-1]


def one_hot(words: np.ndarray, D: int, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Words (T, B) as vectors (T, B, D): 1 at the word, and all 0 for padding. ValueError: words outside 0 ... D - 1."""
    D, dtype = expect.whole("D", D), expect.dtype("dtype", dtype)
    words = expect.words("words", words, D, "T B")
    expect.room("D and words", D, D + words.size)
    return np.vstack([np.eye(D, dtype=dtype), np.zeros((1, D), dtype)])[words]


def _one_hot(words, layer):
    """Words (T, B) as the inputs of a layer."""
    return one_hot(words, layer.W_x.shape[1], layer.b.dtype)


# -- input validation -------------------------------------------------------------------------------------------------------


def _sizes(net):
    """(D, H, K) of a Net, after checking that its parts fit together."""
    expect.instance("net", net, Net, "a Net, as `init_net` makes it")
    D, H = cells.sizes(net.cell, "net.cell")
    return D, H, _outputs(net, H, net.cell.b.dtype)


def _outputs(net, H, dtype):
    """The number of outputs K of the readout."""
    K = len(expect.array("net.W", net.W, "K H", dtype, finite=False, H=H))
    expect.array("net.b", net.b, "K", dtype, finite=False, K=K)
    return K


def _vocabulary_sizes(net):
    """The sizes of both vocabularies of an EncoderDecoder, after checking that its parts fit together."""
    expect.instance("net", net, EncoderDecoder, "an EncoderDecoder, as `init_encoder_decoder` makes it")
    ends = []
    for side in ("encoder", "decoder"):
        layers = expect.instance(f"net.{side}", getattr(net, side), tuple, "a tuple of layers")
        shapes = [cells.sizes(p, f"net.{side}[{k}]") for k, p in enumerate(layers)]
        if not shapes or any(D != H for (D, _), (_, H) in zip(shapes[1:], shapes, strict=False)):
            raise ValueError(
                f"net.{side} needs layers that each read the hidden states of the one below; their (D, H) are {shapes}"
            )
        ends.append((shapes, [H for _, H in shapes]))
    if ends[0][1] != ends[1][1]:
        raise ValueError(f"net needs the same numbers of units in encoder and decoder, not {ends[0][1]} and {ends[1][1]}")
    K = _outputs(net, ends[1][1][-1], net.decoder[-1].b.dtype)
    if ends[1][0][0][0] != K:
        raise ValueError(f"net.decoder reads {ends[1][0][0][0]} words and net.W writes {K}: both need the same vocabulary")
    return ends[0][0][0][0], K


def _vocabulary_size(net):
    """The size of the vocabulary of a Net that reads its own output."""
    D, _, K = _sizes(net)
    if D != K:
        raise ValueError(f"net.cell reads {D} words and net.W writes {K}: both need the same vocabulary")
    return K


def _state(state):
    if not isinstance(state, tuple) or len(state) != 2:
        expect.refuse("state", "the last state (h, c) of the preceding text", state)
    return state
