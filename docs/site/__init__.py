"""The documents as a site that can be searched and printed: `make docs`.

build.py        the pages as they are written -> pages of the site, then the site
reference.py    pages made from the code: commands, Python, HTTP routes
zensical.toml   the site's looks, and its contents in order
style.css       closer tables; a page on paper
"""
