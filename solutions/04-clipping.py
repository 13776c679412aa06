# A right answer for each exercise of notebooks/04-clipping.ipynb: the whole cell, under the cell's id.

# %% exercise-clip
def clip(gradient, eta):
    norm = np.sqrt(sum(np.sum(g**2) for g in gradient))
    return [eta * g / norm if norm > eta else g for g in gradient]


check.answer("clip", clip)

# %% exercise-turn
degrees = 45  # (large, 1) becomes (1, 1)

check.answer("turn", degrees)

# %% exercise-eta
eta = 2  # half to ten times the mean is 0.9 to 18, and the cliff's norm is 14

check.answer("eta", eta)

# %% exercise-rate
eta_at_rate_3 = 0.5 / 3

check.answer("rate", eta_at_rate_3)
