"""Reading time."""

import math

WORDS_A_MINUTE = 240


def minutes(words):
    """The whole minutes that so many words take to read; a started one counts."""
    return math.ceil(words / WORDS_A_MINUTE)
