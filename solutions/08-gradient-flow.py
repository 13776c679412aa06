# A right answer for each exercise of notebooks/08-gradient-flow.ipynb: the whole cell, under the cell's id.

# %% exercise-jacobians
def pass_back(W_h, h, end):
    h_bar = np.zeros_like(h)
    h_bar[-1] = end
    for t in reversed(range(len(h) - 1)):
        h_bar[t] = h_bar[t + 1] * (1 - h[t + 1] ** 2) @ W_h
    return h_bar


check.answer("jacobians", pass_back)

# %% exercise-remedies
left = {"clip": 0.5**10, "reverse": 0.5,
        "identity": 1, "gates": 0.99**10}
# with no remedy it is 0.5**10

check.answer("remedies", left)
