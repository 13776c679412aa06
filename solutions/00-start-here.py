# A right answer for each exercise of notebooks/00-start-here.ipynb: the whole cell, under the cell's id.

# %% exercise-steps
steps_from_1_to_20 = 20 - 1  # how many steps lead from step 1 to step 20?

check.answer("steps", steps_from_1_to_20)
