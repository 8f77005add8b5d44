import unittest

from textstat import words


class Split(unittest.TestCase):
    def test_an_apostrophe_and_a_hyphen_join_and_a_dash_does_not(self):
        found = words.split("Don’t look – it's well-known")
        self.assertEqual(found, ["don’t", "look", "it's", "well-known"])


if __name__ == "__main__":
    unittest.main()
