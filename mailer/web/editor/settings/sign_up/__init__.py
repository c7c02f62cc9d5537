"""``/settings/forms``: a newsletter's sign-up form, seen while it changes; its code; its numbers."""

from mailer.web.editor.settings.sign_up import code, numbers, page, previews

ROUTES = [*page.ROUTES, *previews.ROUTES, *code.ROUTES, *numbers.ROUTES]

__all__ = ["ROUTES"]
