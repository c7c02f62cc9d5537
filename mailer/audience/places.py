"""Which fields say where somebody lives: told by their names, as forms and other programs call them."""

from __future__ import annotations

# Country, region, town, in the languages in which lists arrive; "cc" is Mailchimp's.
_COUNTRIES = "country country_code cc land pays pais país paese kraj страна"
_AREAS = """
    region region_name state province county bundesland kanton canton departement
    département région provincia provincie regione estado wojewodztwo województwo регион область
    city town municipality place location ort wohnort stadt gemeinde ville commune localité ciudad
    localidad cidade citta città comune plaats woonplaats gemeente miasto stad kommune город
"""
_POSTCODES = """
    postcode post_code postal_code postalcode zip zip_code zipcode plz postleitzahl code_postal cp
    codigo_postal código_postal cap cep kod_pocztowy postnummer postinumero индекс
"""


def is_postcode(field: str) -> bool:
    """Whether it holds postcodes."""
    return field in _POSTCODES.split()


def is_country(field: str) -> bool:
    """Whether it holds countries, by code or by name."""
    return field in _COUNTRIES.split()


def is_place(field: str) -> bool:
    """Whether rules that speak of a place ask for it."""
    return field in _AREAS.split() or is_country(field) or is_postcode(field)
