"""A brain, or a memory, over HTTP: one process, one of them, one page.

See `app`, `memory_app` and `proxy_app` for the routes, `frame` for what they share, `keeper` and `memory_keeper` for
who touches what is served.
"""

from reverie.server.app import create_app
from reverie.server.limits import Limits
from reverie.server.memory_app import create_memory_app
from reverie.server.proxy_app import create_proxy_app
from reverie.server.serve import serve, serve_memory, serve_proxy

__all__ = [
    "Limits",
    "create_app",
    "create_memory_app",
    "create_proxy_app",
    "serve",
    "serve_memory",
    "serve_proxy",
]
