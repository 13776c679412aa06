"""A cell with a readout and a loss: what is trained in the lectures, each with the gradient by all its parameters.

`Net` reads a sequence and answers once, from its last hidden state (many-to-one). `EncoderDecoder` reads a sentence and writes
another (the lecture's translation network: no attention). The losses are means over the examples, and give the adjoint too.
Axes are T steps, B sequences, D inputs, K outputs. A word is a whole number from 0; -1 is padding: no word at all.
"""

from typing import NamedTuple

import numpy as np

from lecturelib import cells, expect

END = 0  # the word <EOS>: it ends a sentence, and as the decoder's first input it asks for the first word
PAD = -1


class Net(NamedTuple):
    """A recurrent layer and a linear readout of its last hidden state: y = W h_T + b. Its gradient has the same type."""

    cell: cells.RNN | cells.LSTM
    W: np.ndarray  # (K, H)
    b: np.ndarray  # (K,)


class EncoderDecoder(NamedTuple):
    """Layers that read a sentence, and as many that start in their last states and write one; their gradient has the same type.

    The first layers read words (their D is the size of the vocabulary), each other layer the hidden states of the one below.
    """

    encoder: tuple  # of cells.RNN or cells.LSTM
    decoder: tuple
    W: np.ndarray  # (K, H), from the last layer's hidden state to the score of each word
    b: np.ndarray  # (K,)


# -- losses -----------------------------------------------------------------------------------------------------------------


@np.errstate(all="ignore")
def squared_error(y, target):
    """(mean of (y - target)^2, its adjoint y_bar), for y and target of one shape (B, K). ValueError: of different shapes."""
    B, K = expect.array("y", y, "B K", finite=False).shape
    target = expect.numbers("target", target, "B K", B=B, K=K)
    error = y - target.astype(y.dtype)
    return np.mean(error * error), error * y.dtype.type(2 / error.size)


@np.errstate(all="ignore")
def cross_entropy(y, labels):
    """(mean of -log softmax(y)[label], its adjoint y_bar), for y (..., K) and whole labels (...); a label -1 does not count.

    ValueError: labels of another shape, not whole, outside -1 ... K - 1, or all -1.
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
def softmax(y):
    """The probabilities exp(y_k) / (sum over j of exp(y_j)) of the scores y (..., K), along the last axis."""
    y = expect.array("y", y, "... K", finite=False)
    p = np.exp(y - y.max(-1, keepdims=True))  # no exponential overflows
    return p / p.sum(-1, keepdims=True)


def init_net(rng, cell, K, *, gain=0.1):
    """A Net on this cell with K outputs, its readout drawn from N(0, gain^2). ValueError: K is no whole number >= 1."""
    expect.generator("rng", rng)
    _, H = cells.sizes(cell, "cell")
    K, gain = expect.whole("K", K), expect.number("gain", gain, least=0)
    expect.room("K", K, H)
    W = gain * rng.standard_normal((K, H))
    return Net(cell, W.astype(cell.b.dtype), np.zeros(K, cell.b.dtype))


# -- many to one ------------------------------------------------------------------------------------------------------------


def output(net, x, *, phi=None):
    """The output y (B, K) after reading x (T, B, D). ValueError: as `cells.unroll`."""
    _net(net)
    return cells.unroll(net.cell, x, phi=phi).h[-1] @ net.W.T + net.b


def loss(net, x, target, *, error, phi=None):
    """(loss, gradient), with `error` = `squared_error` or `cross_entropy` of the answer; the gradient is a `Net`."""
    _, _, K = _net(net)
    expect.function("error", error, "a loss, such as squared_error or cross_entropy")
    trace = cells.unroll(net.cell, x, phi=phi)
    h = trace.h[-1]
    value, y_bar = error(h @ net.W.T + net.b, target)
    expect.array("y_bar of error", y_bar, "B K", h.dtype, finite=False, B=len(h), K=K)
    back = cells.backprop(trace, y_bar @ net.W)
    return value, Net(back.p, y_bar.T @ h, y_bar.sum(0))


# -- the next word, at each step ---------------------------------------------------------------------------------------------


def next_loss(net, words, *, state=(None, None), phi=None):
    """(loss, gradient, last state (h, c)) of naming each next word of `words` (T + 1, B) after those before it.

    The loss is the mean cross entropy of a word, in nats. `state`: the last one of the text before, or from 0; backprop stops
    there. ValueError: words outside the vocabulary, or fewer than two steps of them.
    """
    words = expect.words("words", words, _reader_of_itself(net), "T B")
    state = _state(state)
    if len(words) < 2:
        raise ValueError(f"words has shape {words.shape}; it needs at least two steps, (T + 1, B)")
    trace = cells.unroll(net.cell, _one_hot(words[:-1], net.cell), h0=state[0], c0=state[1], phi=phi)
    h = trace.h[1:]
    value, y_bar = cross_entropy(h @ net.W.T + net.b, words[1:])
    back = cells.backprop(trace, y_bar @ net.W)
    flat, h = y_bar.reshape(-1, len(net.b)), h.reshape(-1, h.shape[-1])
    return value, Net(back.p, flat.T @ h, flat.sum(0)), _ends([trace])[0]


def sample(net, rng, words, length, *, temperature=1.0):
    """`length` further words (length,) after `words` (T,), each drawn from the softmax of the scores over `temperature`.

    ValueError: words outside the vocabulary, no words, or a temperature that is not positive.
    """
    words = expect.words("words", words, _reader_of_itself(net), "T")[:, None]
    length, temperature = expect.whole("length", length, least=0, most=10**6), expect.positive("temperature", temperature)
    expect.generator("rng", rng)
    state, written = (None, None), []
    for _ in range(length):
        trace = cells.unroll(net.cell, _one_hot(words, net.cell), h0=state[0], c0=state[1])
        state = _ends([trace])[0]
        scores = (state[0][0] @ net.W.T + net.b) / temperature
        chances = np.cumsum(np.exp(scores - scores.max()), dtype=float)
        words = np.array([[np.searchsorted(chances, rng.random() * chances[-1])]])
        written.append(words[0, 0])
    return np.array(written, int)


# -- encoder and decoder ----------------------------------------------------------------------------------------------------


def init_encoder_decoder(rng, words_in, words_out, H, *, layers=2, cell=cells.init_lstm, dtype=np.float64):
    """An EncoderDecoder from one vocabulary to another, with `layers` layers of H units on each side.

    `cell(rng, D, H, dtype=...)` makes a layer: `cells.init_lstm`, `cells.init_rnn` or a partial of one. ValueError for sizes
    that are not whole and positive.
    """
    expect.generator("rng", rng)
    words_in, words_out = expect.whole("words_in", words_in), expect.whole("words_out", words_out)
    H, layers, dtype = expect.whole("H", H), expect.whole("layers", layers, most=1000), expect.dtype("dtype", dtype)
    expect.room("words_in, words_out and H", H, words_in + words_out + 8 * layers * H)
    expect.function("cell", cell, "what makes a layer, such as cells.init_lstm")
    encoder, decoder = (
        tuple(cell(rng, D, H, dtype=dtype) for D in (words, *[H] * (layers - 1))) for words in (words_in, words_out)
    )
    W = rng.standard_normal((words_out, H)) / np.sqrt(H)
    net = EncoderDecoder(encoder, decoder, W.astype(dtype), np.zeros(words_out, dtype))
    _translator(net)
    return net


def translation_loss(net, source, target, *, phi=None):
    """(loss, gradient) of writing `target` (T_out, B) after reading `source` (T_in, B), words or -1 for padding.

    The decoder is told the right previous word (teacher forcing). The loss is the mean cross entropy of a word; the gradient
    is an EncoderDecoder. ValueError: words outside the vocabulary, or another number of sentences in `target`.
    """
    target, reading, writing = _teacher_forced(net, source, target, phi)
    h = writing[-1].h[1:]
    value, y_bar = cross_entropy(h @ net.W.T + net.b, target)
    of_encoder, of_decoder = _back_through(reading, writing, y_bar @ net.W)
    flat, h = y_bar.reshape(-1, len(net.b)), h.reshape(-1, h.shape[-1])
    return value, EncoderDecoder(tuple(a.p for a in of_encoder), tuple(a.p for a in of_decoder), flat.T @ h, flat.sum(0))


def predictions(net, source, target, *, phi=None):
    """The likeliest word (T_out, B) at each place of `target`, being told the right words before it. Arguments: as above."""
    writing = _teacher_forced(net, source, target, phi)[2]
    return np.argmax(writing[-1].h[1:] @ net.W.T + net.b, axis=-1)


def input_gradients(net, source, target, *, phi=None):
    """How far the gradient of each word reaches back: (T_out, T_in), |d score of target word j / d source word i|.

    One sentence: `source` (T_in,) and `target` (T_out,), words as in `translation_loss`; ValueError as there.
    """
    reads, writes = _translator(net)
    source, target = expect.words("source", source, reads, "T"), expect.words("target", target, writes, "T", least=0)
    source, target = (np.repeat(words[:, None], len(target), axis=1) for words in (source, target))
    target, reading, writing = _teacher_forced(net, source, target, phi)
    h_bar = np.zeros_like(writing[-1].h[1:])
    each = np.arange(len(target))  # sentence j of the batch is there for word j
    h_bar[each, each] = net.W[target[:, 0]]
    of_encoder, _ = _back_through(reading, writing, h_bar, inputs=True)
    return np.linalg.norm(of_encoder[0].x_bar, axis=-1).T


def hidden_states(net, source, target, *, phi=None):
    """The top layers' hidden states (T_in + T_out, H) while one `source` (T_in,) is read and `target` (T_out,) written."""
    reads, writes = _translator(net)
    source, target = expect.words("source", source, reads, "T"), expect.words("target", target, writes, "T")
    _, reading, writing = _teacher_forced(net, source[:, None], target[:, None], phi)
    return np.concatenate([traces[-1].h[1:, 0] for traces in (reading, writing)])


def translate(net, source, steps, *, phi=None):
    """The words (steps, B) that the net writes after `source` (T_in, B), each time the likeliest; -1 after the word END (0)."""
    reads, _ = _translator(net)
    source, steps = expect.words("source", source, reads, "T B"), expect.whole("steps", steps, most=10**4)
    states = _ends(_through(net.encoder, _one_hot(source, net.encoder[0]), phi))
    word, written = np.full(source.shape[1], END), []
    going = np.ones(source.shape[1], bool)
    for _ in range(steps):
        writing = _through(net.decoder, _one_hot(word[None], net.decoder[0]), phi, states)
        states = _ends(writing)
        word = np.argmax(writing[-1].h[-1] @ net.W.T + net.b, axis=-1)
        written.append(np.where(going, word, PAD))
        going &= word != END
    return np.array(written)


def _through(layers, x, phi, states=None):
    """The traces of the layers, each reading the hidden states of the one below, from their `states` (h, c) or from 0."""
    traces = []
    for layer, (h, c) in zip(layers, states or [(None, None)] * len(layers), strict=True):
        traces.append(cells.unroll(layer, x, h0=h, c0=c, phi=phi))
        x = traces[-1].h[1:]
    return traces


def _teacher_forced(net, source, target, phi):
    """(target, traces of reading, traces of writing), the decoder being told the right previous words."""
    reads, writes = _translator(net)
    source = expect.words("source", source, reads, "T B")
    target = expect.words("target", target, writes, "T B", B=source.shape[1])
    reading = _through(net.encoder, _one_hot(source, net.encoder[0]), phi)
    before = np.vstack([np.full_like(target[:1], END), target[:-1]])
    return target, reading, _through(net.decoder, _one_hot(before, net.decoder[0]), phi, _ends(reading))


def _ends(traces):
    return [(t.h[-1], None if t.c is None else t.c[-1]) for t in traces]


def _back_through(reading, writing, h_bar, inputs=False):
    """The adjoints of both sides' layers: `h_bar` (T_out, B, H) reaches the decoder's top layer; `inputs` asks for the words'."""
    of_decoder = _back(writing, h_bar)
    ends = [(a.h_bar[0], None if a.c_bar is None else a.c_bar[0]) for a in of_decoder]
    return _back(reading, None, ends, inputs), of_decoder


def _back(traces, h_bar, ends=None, inputs=False):
    """The adjoints of `_through`: `h_bar` (T, B, H) reaches the top layer's states, `ends` (h_bar, c_bar) each last state."""
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


def one_hot(words, D, dtype=np.float32):
    """Words (T, B) as vectors (T, B, D): 1 at the word, and all 0 for padding. ValueError: words outside 0 ... D - 1."""
    D, dtype = expect.whole("D", D), expect.dtype("dtype", dtype)
    words = expect.words("words", words, D, "T B")
    expect.room("D and words", D, D + words.size)
    return np.vstack([np.eye(D, dtype=dtype), np.zeros((1, D), dtype)])[words]


def _one_hot(words, layer):
    """Words (T, B) as the inputs of a layer."""
    return one_hot(words, layer.W_x.shape[1], layer.b.dtype)


# -- what may come in -------------------------------------------------------------------------------------------------------


def _net(net):
    """(D, H, K) of a Net, after a check that its parts fit each other."""
    expect.instance("net", net, Net, "a Net, as `init_net` makes it")
    D, H = cells.sizes(net.cell, "net.cell")
    return D, H, _readout(net, H, net.cell.b.dtype)


def _readout(net, H, dtype):
    """How many scores the net's readout gives, K."""
    K = len(expect.array("net.W", net.W, "K H", dtype, finite=False, H=H))
    expect.array("net.b", net.b, "K", dtype, finite=False, K=K)
    return K


def _translator(net):
    """(words that it reads, words that it writes) of an EncoderDecoder, after a check that its parts fit each other."""
    expect.instance("net", net, EncoderDecoder, "an EncoderDecoder, as `init_encoder_decoder` makes it")
    ends = []
    for side in ("encoder", "decoder"):
        layers = expect.instance(f"net.{side}", getattr(net, side), tuple, "a tuple of layers")
        shapes = [cells.sizes(p, f"net.{side}[{k}]") for k, p in enumerate(layers)]
        if not shapes or any(D != H for (D, _), (_, H) in zip(shapes[1:], shapes, strict=False)):
            raise ValueError(f"net.{side} needs layers that read each other's hidden states; their (D, H) are {shapes}")
        ends.append((shapes, [H for _, H in shapes]))
    if ends[0][1] != ends[1][1]:
        raise ValueError(f"net needs as many units in each layer of both sides, not {ends[0][1]} and {ends[1][1]}")
    K = _readout(net, ends[1][1][-1], net.decoder[-1].b.dtype)
    if ends[1][0][0][0] != K:
        raise ValueError(f"net.decoder reads {ends[1][0][0][0]} words, and net.W writes {K}: they need one vocabulary")
    return ends[0][0][0][0], K


def _reader_of_itself(net):
    """How many words a Net knows that reads what it writes."""
    D, _, K = _net(net)
    if D != K:
        raise ValueError(f"net.cell reads {D} words, and net.W writes {K}: they need one vocabulary")
    return K


def _state(state):
    if not isinstance(state, tuple) or len(state) != 2:
        expect.refuse("state", "the last state (h, c) of the text before", state)
    return state
