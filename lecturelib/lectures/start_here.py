"""Notebook 00, start here: one exercise to practise on."""

from lecturelib.probes import Exercise, number

EXERCISES = {
    "steps": Exercise(
        number(0, 1000),
        19,
        (
            (20, "20 is the number of places; there are fewer gaps between them. Try it with 2 places: they are 1 step apart."),
            (21, "that is both ends and one more. From step 1 to step 2 is one step; go on from there to step 20."),
            (18, "18 places lie strictly between step 1 and step 20. Count the steps you take from one place to the next."),
        ),
        "From step 1 to step T there are T - 1 steps. You will meet this T - 1 again.",
    )
}
