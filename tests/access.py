"""What axe-core finds wrong with a page for those who cannot see it well, or use a keyboard."""


def violations(page):
    """Rules that are broken, each with the parts of the page that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}" for one in found]
