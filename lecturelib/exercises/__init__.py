"""The exercises of the notebooks: for each a truth, a catalogue of slips with their hints, and a word of praise."""

from lecturelib.exercises import functions, networks
from lecturelib.exercises.probes import together

EXERCISES = together(functions.EXERCISES, networks.EXERCISES)
