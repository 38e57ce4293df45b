"""A brain over HTTP: one process, one brain, one page. See `app` for the routes, `keeper` for who touches the brain."""

from reverie.server.app import create_app
from reverie.server.limits import Limits
from reverie.server.serve import serve

__all__ = ["Limits", "create_app", "serve"]
