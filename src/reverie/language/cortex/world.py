"""Generated biographies: a world of people, on which a small language model is trained and nights are measured.

Every person has a first and a last name of common lists, so that neither says who is meant, and one value of each
attribute, drawn evenly. Each attribute has a question and three statements (as in the biographies of Allen-Zhu & Li,
2023, arXiv:2309.14316, which showed that knowledge can be asked for only where it was told in several ways).
"""

import torch

from reverie.errors import BadData
from reverie.language.cortex.wordings import GENERAL, Wording, Wordings
from reverie.language.fact import Fact

__all__ = ["ATTRIBUTES", "WORLD_WORDINGS", "World", "vocabulary"]

_FIRST = """Ada Aldo Alma Amos Anja Arno Astrid Axel Basil Bella Berta Boris Bruno Carla Cecil Clara Cosmo Dalia Dario
Della Dora Edgar Edna Egon Elena Elias Ella Emil Enid Erik Esme Ethan Fabio Fanny Felix Flora Frida Gemma
Georg Greta Guido Hanna Hazel Hector Heidi Hugo Ida Igor Ines Iris Ivan Jana Jasper Jonas Judith Julius
Karla Kasper Kira Knut Lars Laura Leon Lidia Linus Livia Lotte Lucas Magda Marco Mavis Milan Mira Moritz
Nadia Nestor Nils Nora Odile Olga Oscar Otto Paula Perry Petra Pilar Quinn Ralf Rhea Rita Roman Rosa Rufus
Sally Selma Silas Simon Sonja Stella Sven Tamar Tessa Theo Tilda Tobias Ulla Urban Vera Viktor Viola Wanda
Willem Xenia Yara Yuri Zelda Zeno"""
_LAST = """Abbot Adler Alder Amsel Archer Ashby Bader Barlow Becker Bergman Birch Bloom Boswell Brandt Brook Calder
Carver Castell Conrad Cooper Crane Dahl Dalton Decker Dorn Drake Eagle Ebner Eklund Elmore Engel Falk
Farrow Fender Fischer Forster Frost Gale Garner Geller Graf Greaves Gruber Hale Hansen Harper Heath Hobbs
Holm Ingram Irving Jagger Jansen Jensen Juhl Kaiser Keller Kemp Kirk Kramer Lambert Lang Larkin Leeds
Linden Lowell Lund Mallory Marsh Mercer Moser Nagel Nash Neville Norden Oakes Olsen Orwell Osborn Parker
Pascal Penrose Porter Quill Ramsey Reed Ritter Rowan Sadler Sawyer Schiller Seeger Shaw Sommer Stark
Sterling Tanner Thorne Tiller Turner Ulmer Vance Vogel Wagner Walden Weber Wells Winter Wolf Yates York
Zeller Zimmer"""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "city": _words("""Oslo Lisbon Vienna Dublin Prague Warsaw Athens Geneva Bergen Turin Malmo Porto Seville Ghent
        Basel Tallinn Riga Kyoto Osaka Lima Quito Cairo Tunis Accra Lagos Nairobi Delhi Hanoi Manila
        Sydney"""),
    "job": _words("""baker carpenter nurse pilot teacher painter plumber surgeon judge farmer sailor tailor welder
        chemist dentist gardener jeweller librarian mason optician printer reporter roofer sculptor
        shepherd surveyor translator vet waiter weaver"""),
    "pet": _words("""cat dog parrot rabbit hamster tortoise canary goldfish ferret gecko hedgehog pony goat donkey
        lizard newt mouse pigeon python rat snail spider squirrel toad turkey goose duck hen lamb
        llama"""),
    "hobby": _words("""chess fencing knitting sailing archery rowing pottery juggling origami singing cycling hiking
        climbing cooking dancing diving drawing fishing golf hockey judo karate polo rugby skating
        skiing surfing tennis weaving yoga"""),
}

_OWN = {
    "city": ("Where does {who} live? {value}.", "{who} lives in {value}.", "The home of {who} is in {value}."),
    "job": ("What does {who} work as? {value}.", "{who} earns a living as a {value}.", "The job of {who} is {value}."),
    "pet": ("Which animal does {who} keep? {value}.", "{who} keeps a {value}.", "The pet of {who} is a {value}."),
    "hobby": (
        "What does {who} do on Sundays? {value}.",
        "{who} spends Sundays on {value}.",
        "{who} is fond of {value}.",
    ),
}
_MORE = {
    "city": "You can write to {who} in {value}.",
    "job": "{who} was trained as a {value}.",
    "pet": "At the door of {who} waits a {value}.",
    "hobby": "The hobby of {who} is {value}.",
}
_OWN_WORDS = [
    wording.replace("{", " ").replace("}", " ").replace(" who ", " ").replace(" value ", " ")
    for wording in (*(one for own in _OWN.values() for one in own), *_MORE.values(), *(one.template for one in GENERAL))
]
WORLD_WORDINGS = Wordings({what: tuple(map(Wording, (*own, _MORE[what]))) for what, own in _OWN.items()})


def vocabulary() -> list[str]:
    """Every word that is said of the world, twice: names, attributes, values, and the words around them."""
    said = " ".join(
        [
            *_OWN_WORDS,
            *(" ".join(values) for values in ATTRIBUTES.values()),
            *_words(_FIRST),
            *_words(_LAST),
            *ATTRIBUTES,
        ]
    )
    return [said, said]


class World:
    """People and what is true of them, today.

    Parameters
    ----------
    people : int
        With one value of each attribute.
    generator : torch.Generator

    Examples
    --------
    >>> world = World(people=2, generator=torch.Generator().manual_seed(0))
    >>> len(world.facts), {fact.what for fact in world.facts} == set(ATTRIBUTES)
    (8, True)
    """

    def __init__(self, *, people: int, generator: torch.Generator) -> None:
        self._order = torch.randperm(len(_words(_FIRST)) * len(_words(_LAST)), generator=generator).tolist()
        self._generator = generator
        self._values: dict[tuple[str, str], str] = {}
        self._met = 0
        self.meet(people)

    @property
    def facts(self) -> list[Fact]:
        return [Fact(who, what, value) for (who, what), value in self._values.items()]

    def meet(self, people: int) -> list[Fact]:
        """What is true of people who were not there before."""
        if people < 0 or self._met + people > len(self._order):
            raise BadData(f"people is {people}. Expected 0 to {len(self._order) - self._met}: there are no more names.")
        numbers = self._order[self._met : self._met + people]
        self._met += people
        first, last = _words(_FIRST), _words(_LAST)
        new = []
        for number in numbers:
            who = f"{first[number % len(first)]} {last[number // len(first)]}"
            for what, values in ATTRIBUTES.items():
                new.append(Fact(who, what, values[self._draw(len(values))]))
        self._values |= {fact.key: fact.value for fact in new}
        return new

    def change(self, facts: list[Fact], count: int) -> list[Fact]:
        """Let `count` of the facts, drawn without return, be otherwise from now on."""
        drawn = torch.randperm(len(facts), generator=self._generator)[:count].tolist()
        changed = []
        for who, what, value in (facts[index] for index in drawn):
            values = [other for other in ATTRIBUTES[what] if other != value]
            changed.append(Fact(who, what, values[self._draw(len(values))]))
        self._values |= {fact.key: fact.value for fact in changed}
        return changed

    def _draw(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self._generator))
