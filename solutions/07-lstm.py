# A right answer for each exercise of notebooks/07-lstm.ipynb: the whole cell, under the cell's id.

# %% exercise-table
# for each a pair (i, f)
table = {"remember": (0, 1), "add": (1, 1), "erase": (0, 0), "overwrite": (1, 0)}

check.answer("table", table)

# %% exercise-bit
def gates(t):
    i, f = (1, 0) if t == 1 else (0, 1)  # for t = 1, 2, ..., 50
    return i, f


check.answer("bit", gates)

# %% exercise-lstm-step
def lstm_step(W, h, c, x):
    i, f, o, g = np.split(W @ np.concatenate([x, h]), 4)
    i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
    c = f * c + i * np.tanh(g)
    h = o * np.tanh(c)
    return h, c


check.answer("lstm-step", lstm_step)

# %% exercise-c-bar
def c_bar(f_next, c_bar_next, o, c, h_bar):
    return f_next * c_bar_next + o * (1 - np.tanh(c) ** 2) * h_bar


check.answer("c-bar", c_bar)

# %% exercise-bias-200
bias = -np.log(2 ** (1 / 199) - 1)  # then sigma(bias)^199 = 1/2

check.answer("bias-200", bias)

# %% exercise-fool
line = "x = \"'a' + b"  # a text of up to 80 characters, as '''x = 5'''

check.answer("fool", line)
