"""Everything a browser or a mail program asks for over HTTP."""

from starlette.convertors import IntegerConvertor, register_url_convertor


class _Number(IntegerConvertor):
    """A number in an address, as large as databases have them: a longer one leads nowhere."""

    regex = "[0-9]{1,9}"


register_url_convertor("int", _Number())
