"""English sentences of any length, made from a seed: what the encoders are measured and compared on."""

from __future__ import annotations

import random
from collections.abc import Iterator

SUBJECTS = {
    "sea": "the captain|an old fisherman|the lighthouse keeper|a crew of six|the harbour master|two divers",
    "kitchen": "the cook|a baker|my grandmother|the guests|a hungry child|the waiter",
    "machines": "the engineer|a software team|the database|this program|an operator|the network",
    "medicine": "the doctor|a nurse|the patient|researchers|the clinic|a surgeon",
    "law": "the court|a lawyer|the committee|two witnesses|the landlord|the government",
    "garden": "the gardener|a bee|the apple tree|our neighbour|the rain|a family of birds",
    "money": "the bank|an investor|the market|a small company|the customer|the accountant",
    "space": "the astronaut|a telescope|the probe|scientists|the moon|a distant star",
}
VERBS = {
    "sea": "repaired|followed|watched|lost|pulled in|painted",
    "kitchen": "prepared|tasted|burned|ordered|shared|served",
    "machines": "restarted|tested|measured|replaced|stored|checked",
    "medicine": "examined|treated|described|studied|prevented|tested",
    "law": "rejected|signed|discussed|questioned|changed|delayed",
    "garden": "watered|planted|covered|found|visited|cut",
    "money": "sold|bought|counted|lent|wanted|paid for",
    "space": "observed|photographed|reached|measured|circled|discovered",
}
OBJECTS = {
    "sea": "the torn nets|a small boat|the northern coast|the last storm|three barrels|an anchor",
    "kitchen": "the fresh bread|a bowl of soup|the apple cake|too much salt|the dinner|a pot of tea",
    "machines": "the broken server|a long report|the backup files|every signal|the old code|two sensors",
    "medicine": "a rare disease|the new vaccine|the broken arm|a simple test|the infection|the results",
    "law": "the contract|a new rule|the evidence|the appeal|the agreement|an old law",
    "garden": "the red roses|a row of beans|the wet grass|the wooden fence|wild berries|the pond",
    "money": "the shares|a large loan|the house|old coins|the annual profit|the debt",
    "space": "the rings of the planet|a bright comet|the surface|a dark crater|the signal|the orbit",
}
SETTINGS = (
    "in the morning|before the winter|after a long week|without any help|for the second time|near the river|"
    "on a quiet evening|because nobody else would|while it was raining|as the report says|with great care|last year"
)
LINKS = "and then|but|so|although|because|while|after that"
QUESTIONS = "why did|how often did|when did|who said that|is it true that"


def sentence(source: random.Random, topic: str) -> str:
    def pick(choices: str) -> str:
        return source.choice(choices.split("|"))

    words = f"{pick(SUBJECTS[topic])} {pick(VERBS[topic])} {pick(OBJECTS[topic])}"
    if source.random() < 0.6:
        words += f" {pick(SETTINGS)}"
    if source.random() < 0.3:
        words += f" {pick(LINKS)} {pick(SUBJECTS[topic])} {pick(VERBS[topic])} {pick(OBJECTS[topic])}"
    if source.random() < 0.15:
        return f"{pick(QUESTIONS)} {words}?".capitalize()
    if source.random() < 0.1:
        words += f", {source.randint(2, 40)} times in {source.randint(1900, 2020)}"
    return f"{words}.".capitalize()


def of_words(count: int, seed: int) -> str:
    """A text on one topic of about this many words and punctuation marks, which are about as many tokens."""
    source = random.Random(seed)
    topic = source.choice(list(SUBJECTS))
    words: list[str] = []
    while len(words) < count:
        words += sentence(source, topic).replace(".", " .").replace("?", " ?").replace(",", " ,").split()
    text = " ".join(words[:count])
    for mark in ".?,":
        text = text.replace(f" {mark}", mark)
    return text


def fixed(number: int, words: int, seed: int = 1) -> list[str]:
    return [of_words(words, seed * 1_000_003 + index) for index in range(number)]


def mixed(number: int, seed: int = 1, shortest: int = 5, longest: int = 256) -> list[str]:
    """Texts whose lengths in tokens lie evenly between the two on a scale of logarithms; two tokens are special."""
    source = random.Random(seed)
    return [of_words(length, source.getrandbits(40)) for length in lengths(source, number, shortest - 2, longest - 2)]


def lengths(source: random.Random, number: int, shortest: int, longest: int) -> Iterator[int]:
    for _ in range(number):
        yield round(shortest * (longest / shortest) ** source.random())
