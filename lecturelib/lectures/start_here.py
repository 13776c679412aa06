"""Notebook 00, start here: its exercise."""

from lecturelib.probes import Exercise, number

EXERCISES = {
    "steps": Exercise(
        number(0, 1000),
        19,
        (
            (20, "you counted the places. Between 20 places there are fewer gaps: try with 2 places and 1 step."),
            (21, "you counted both ends and one more. From step 1 to step 2 leads one step; now go on to 20."),
            (18, "18 places lie strictly between 1 and 20; count the steps that lead over them."),
        ),
        "T - 1 steps lead from step 1 to step T. You will meet this T - 1 again.",
    )
}
