# A right answer for each exercise of notebooks/08-gradient-flow.ipynb: the whole cell, under the cell's id.

# %% exercise-forget-bias
bias = -np.log(2 ** (1 / 99) - 1)  # then sigma(bias)^99 = 1/2

check.answer("forget-bias", bias)
