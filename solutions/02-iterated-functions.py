# A right answer for each exercise of notebooks/02-iterated-functions.ipynb: the whole cell, under the cell's id.

# %% exercise-gone
c_where_the_sink_disappears = 1 / 4  # x^2 + c = x has one solution: 1 - 4c = 0

check.answer("sink-gone", c_where_the_sink_disappears)

# %% exercise-hair
def growth(r, x0, hair, T):
    x, twin = x0, x0 + hair
    for _ in range(T):
        x, twin = r * x * (1 - x), r * twin * (1 - twin)
    return (twin - x) / hair


check.answer("hair", growth)

# %% exercise-window
r_with_three_points = 3.83

check.answer("window", r_with_three_points)

# %% exercise-signs
signs = [-1, -1, 1, 1, -1]  # |-0.9|, |3 * -0.2|, |0.5 * -4|, it grew, it settles

check.answer("signs", signs)
