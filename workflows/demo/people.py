"""Names of people, by language; all invented, put together at random."""

from __future__ import annotations

import unicodedata
from random import Random

_NAMES = {
    "de": (
        "Katrin Jonas Lena Matthias Ines Florian Heike Stefan Carolin Tobias Birgit Andreas Svenja Ralf Miriam Thorsten Ute Dominik",
        "Albrecht Brandt Eickhoff Falkner Gerlach Hartwig Jessen Kaltenbach Lohmann Mertens Osterkamp Petzold Reinders Stahl Tillmann Wieland",
    ),
    "sv": (
        "Astrid Erik Sofia Anders Maja Henrik Linnea Lars Ebba Mikkel Freja Søren Karin Nils",
        "Bergqvist Dahlin Ekström Forsell Hedlund Kjær Lindahl Mortensen Nordvall Rask Sandell Thorsen Wallin Østergaard",
    ),
    "nl": ("Sanne Daan Femke Bram Lotte Ruben Marieke Joris", "Aalbers Brouwers Dijkman Hoekstra Kuiper Meijering Postma Veenstra"),
    "pl": ("Agnieszka Marek Joanna Tomasz Ewa Krzysztof Beata Piotr", "Borkowska Czerwik Domagała Kaczmar Lisiak Nowicki Sobol Wrona"),
    "fr": (
        "Claire Antoine Élodie Benoît Margaux Julien Sylvie Laurent Hélène Rémi",
        "Aubert Chevrier Delmas Faucher Girardin Lemoine Marchetti Pelletier Roussel Vasseur",
    ),
    "en": (
        "Alice James Rachel Owen Hannah Gareth Priya Daniel Megan Patrick Naomi Marcus Erin Calvin Joanna Wesley Tara Grant",
        "Ashdown Barlow Calder Drummond Ellery Fairclough Hargrove Ingram Keating Lockhart Merrick Oakley Pembroke Radley Stanton Whitlock",
    ),
    "it": (
        "Chiara Marco Elena Davide Francesca Luca Silvia Paolo",
        "Barbieri Colnaghi Ferrante Grassi Lombardo Marchesi Pavan Rinaldini",
    ),
    "es": ("Lucía Javier Marta Sergio Elena Álvaro Nuria Pablo", "Arrieta Bermejo Cabrales Echevarría Font Lozano Pujol Quintana"),
    "ja": ("Haruka Kenji Yuki Takashi Aya Hiroshi Naoko Daisuke", "Aoyama Fujisawa Hayakawa Ishida Kurosaki Matsuda Nishimura Okada"),
    "zh": ("Wei Mei Jun Li-Ting Kai Hui-Min Chen-Yu Xin", "Chua Goh Hsieh Koh Lim Ong Tan Teo"),
}
_TONGUES = {
    country: tongue
    for tongue, countries in {
        "de": "DE AT CH CZ HU", "sv": "SE DK", "en": "GB IE US CA", "zh": "SG TW", "nl": "NL", "pl": "PL", "fr": "FR", "it": "IT",
        "es": "ES", "ja": "JP",
    }.items()
    for country in countries.split()
}  # fmt: skip
TITLES = {
    "champion": ("Maintenance Manager", "Head of Automation", "Process Engineer", "Controls Engineer", "Plant Engineer"),
    "economic": ("Plant Manager", "Chief Operating Officer", "Operations Director", "Managing Director", "VP Manufacturing"),
    "buying": ("Purchasing Manager", "Strategic Buyer", "Head of Procurement"),
    "legal": ("Legal Counsel", "Contracts Manager"),
    "supply": ("Key Account Manager", "Sales Director", "Quality Manager", "Customer Service Lead"),
}


def language(country: str) -> str:
    """The language of people's names in a country."""
    return _TONGUES[country]


_PLAIN: dict[int, str | int | None] = {ord(c): plain for c, plain in (("ø", "o"), ("Ø", "O"), ("æ", "ae"), ("ß", "ss"), ("ł", "l"))}


def ascii_only(text: str) -> str:
    """Without accents, for addresses."""
    plain = text.translate(_PLAIN)
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


class Namer:
    """Gives each person a full name that nobody had before, as long as there are any."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._left: dict[str, list[str]] = {}

    def name(self, country: str) -> str:
        tongue = _TONGUES[country]
        if not self._left.get(tongue):
            firsts, lasts = (part.split() for part in _NAMES[tongue])
            self._left[tongue] = [f"{first} {last}" for first in firsts for last in lasts]
            self._random.shuffle(self._left[tongue])
        return self._left[tongue].pop()


def mailbox(name: str) -> str:
    """What stands before the @ in a person's address."""
    return ascii_only(name).lower().replace(" ", ".")
