# A right answer for each exercise of notebooks/06-identity-rnn.ipynb: the whole cell, under the cell's id.

# %% exercise-half
w = 0.5 ** (1 / 784)  # the pulse is multiplied by w, 784 times

check.answer("half", w)

# %% exercise-drive
def left(x):
    h, kept = 0.0, 1.0
    for x_t in x:
        h = max(0.0, h + x_t)
        kept = kept * (h > 0)
    return kept


check.answer("drive", left)

# %% exercise-noise
sigma = 1 / (784 * np.sqrt(100))  # the standard deviation of the noise

check.answer("noise", sigma)
