# A right answer for each exercise of notebooks/05-reversal.ipynb: the whole cell, under the cell's id.

# %% exercise-gaps
def gaps_reversed(T):
    return 1, T, 2 * T - 1  # smallest, mean, largest


check.answer("gaps", gaps_reversed)

# %% exercise-target
def gap(k, T):
    return (2 * T - k + 1) - k  # when it is written, minus when it is read


check.answer("target", gap)

# %% exercise-length
T = np.ceil(np.log(0.1) / np.log(0.9))  # the gap of every word is T

check.answer("reader-length", T)

# %% exercise-loss
def loses(p, q):
    return p - q.mean(axis=0)


check.answer("swap-loss", loses)
