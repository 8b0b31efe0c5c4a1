"""The values that `check.py` sends: the same ones in every run, and each only once."""

import unicodedata


class Numbers:
    """Random numbers that depend on no version of Python."""

    def __init__(self):
        self.state = 15

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def choice(self, of):
        return of[self.below(len(of))]

    def text(self, alphabet, longest):
        return "".join(self.choice(alphabet) for _ in range(1 + self.below(longest)))


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PLAIN = LETTERS + "-._~"
ASCII = [chr(code) for code in range(0x21, 0x7F)]
SPECIAL = " %\",;=\\+&/?#'()*!<>[]{}|^`@:$~é日🦀"


def unicode_character(numbers, plane):
    while True:
        character = chr(plane * 0x10000 + numbers.below(0x10000))
        if unicodedata.category(character) not in ("Cc", "Cs"):
            return character


def unicode_text(numbers, plane):
    characters = [unicode_character(numbers, plane) for _ in range(1 + numbers.below(4))]
    return "a" + "".join(characters) + "z"


def with_one_of(numbers, specials):
    """Plain characters around some special ones, also at the ends."""
    parts = [numbers.text(PLAIN, 6) if numbers.below(4) else "" for _ in range(3)]
    return parts[0] + numbers.text(specials, 2) + parts[1] + numbers.text(specials, 1) + parts[2]


def long_text(numbers, shortest, longest):
    length = shortest + numbers.below(longest - shortest)
    return "".join(numbers.choice(LETTERS) for _ in range(length))


def values():
    """At least 2,500 texts by their kind."""
    numbers = Numbers()
    kinds = {
        "empty": (1, lambda: ""),
        "letters and digits": (250, lambda: numbers.text(PLAIN, 20)),
        "all of ASCII": (250, lambda: numbers.text(ASCII, 20)),
        "blanks": (200, lambda: with_one_of(numbers, " ")),
        "percent signs": (200, lambda: numbers.text("%%4aFz", 6) + numbers.text(PLAIN, 4)),
        "quotes and backslashes": (200, lambda: with_one_of(numbers, "\"'\\")),
        "commas and semicolons": (200, lambda: with_one_of(numbers, ",;=")),
        "a mixture": (559, lambda: numbers.text(SPECIAL, 12)),
        "controls": (50, lambda: "a" + numbers.choice("\t\n\r\0\x1b\x7f\x80\x85") + numbers.text(PLAIN, 9)),
        "long": (60, lambda: long_text(numbers, 1000, 4080)),
        "longer": (60, lambda: long_text(numbers, 4100, 8150)),
        "over the limits": (45, lambda: long_text(numbers, 8300, 12000)),
    }
    for plane in range(17):
        kinds[f"plane {plane}"] = (25, lambda plane=plane: unicode_text(numbers, plane))
    found = {}
    for count, make in kinds.values():
        aim = len(found) + count
        while len(found) < aim:
            found.setdefault(make())
    return list(found)
