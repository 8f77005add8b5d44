"""What counts as a word."""

import re

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def split(text):
    """The words of a text, in lower case, in the order in which they stand."""
    return [word.lower() for word in WORD.findall(text)]
