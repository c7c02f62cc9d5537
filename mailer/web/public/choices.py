"""Languages and time zones that readers choose from."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

# By the name each has in itself.
LANGUAGES = {
    "ar": "العربية",
    "bg": "Български",
    "ca": "Català",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "et": "Eesti",
    "eu": "Euskara",
    "fa": "فارسی",
    "fi": "Suomi",
    "fr": "Français",
    "ga": "Gaeilge",
    "he": "עברית",
    "hi": "हिन्दी",
    "hr": "Hrvatski",
    "hu": "Magyar",
    "id": "Bahasa Indonesia",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "lt": "Lietuvių",
    "lv": "Latviešu",
    "nb": "Norsk bokmål",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "sk": "Slovenčina",
    "sl": "Slovenščina",
    "sr": "Српски",
    "sv": "Svenska",
    "sw": "Kiswahili",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "zh": "中文",
}

_REGIONS = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def time_zones() -> dict[str, tuple[tuple[str, str], ...]]:
    """By region: each zone's name, and its city as people write it."""
    zones: dict[str, list[tuple[str, str]]] = {region: [] for region in _REGIONS}
    for zone in sorted(available_timezones()):
        region, _, city = zone.partition("/")
        if city and region in zones:
            zones[region].append((zone, city.replace("_", " ").replace("/", ", ")))
    return {region: tuple(found) for region, found in zones.items()}


def is_listed(name: str | None) -> bool:
    """Can it be chosen from the list? Others, like GMT, stay where they were brought along."""
    return any(name == zone for zones in time_zones().values() for zone, _ in zones)


def is_time_zone(name: str) -> bool:
    """Can a reader live by it?"""
    return name == "UTC" or name in available_timezones()
