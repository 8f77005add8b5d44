"""The report: one line a figure."""

from textstat import words


def figures(text):
    """The figures of a text, in the order in which they are shown."""
    found = words.split(text)
    return [
        ("words", len(found)),
        ("distinct", len(set(found))),
    ]


def report(text):
    return "\n".join(f"{name:<10}{figure}" for name, figure in figures(text))
