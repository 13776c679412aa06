# A right answer for each exercise of notebooks/01-scalar-explosion.ipynb: the whole cell, under the cell's id.

# %% exercise-slide-length
T_of_the_slide = 51  # 50 factors: 1.1^50 = 117.4

check.answer("slide-length", T_of_the_slide)

# %% exercise-exponent
def factor(w, T):
    return w ** (T - 1)


check.answer("exponent", factor)

# %% exercise-length
smallest_T = np.ceil(np.log(1e-6) / np.log(0.9)) + 1  # T - 1 factors, a whole number

check.answer("length", smallest_T)

# %% exercise-backward
def backward(w, h):
    h_bar = np.ones(len(h))
    for t in reversed(range(len(h) - 1)):
        h_bar[t] = h_bar[t + 1] * w * (1 - h[t + 1] ** 2)
    return h_bar


check.answer("backward", backward)

# %% exercise-scale
def largest_s(W, gamma):
    return 1 / (gamma * np.linalg.svd(W, compute_uv=False)[0])


check.answer("scale", largest_s)
