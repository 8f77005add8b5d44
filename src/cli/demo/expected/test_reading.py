import unittest

from textstat import reading


class Minutes(unittest.TestCase):
    def test_a_started_minute_counts_as_a_whole_one(self):
        found = [reading.minutes(words) for words in (0, 1, 240, 241)]
        self.assertEqual(found, [0, 1, 1, 2])


if __name__ == "__main__":
    unittest.main()
