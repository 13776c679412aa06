# A right answer for each exercise of notebooks/03-attractors.ipynb: the whole cell, under the cell's id.

# %% exercise-fold
h_fold = -1 / np.sqrt(2)  # slope 1: 2 (1 - h^2) = 1, and the left memory has h < 0
b_fold = np.arctanh(h_fold) - 2 * h_fold

check.answer("fold", b_fold)

# %% exercise-basin
def end_of(W, b, h):
    for _ in range(1000):
        h = np.tanh(W @ h + b)
    return h


check.answer("basin", end_of)

# %% exercise-steep
b = np.array([0.02, 0.0])
start = phase_plane.boundary(W, b, [1, 1], [1, -1], phase_plane.attractors(W, b))

check.answer("steep-start", start)
