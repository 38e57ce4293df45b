"""A brain, or a memory, over HTTP: one process, one of them, one page.

See `app` and `memory_app` for the routes, `frame` for what both share, `keeper` and `memory_keeper` for who touches
what is served.
"""

from reverie.server.app import create_app
from reverie.server.limits import Limits
from reverie.server.memory_app import create_memory_app
from reverie.server.serve import serve, serve_memory

__all__ = ["Limits", "create_app", "create_memory_app", "serve", "serve_memory"]
