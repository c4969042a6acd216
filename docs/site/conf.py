# SPDX-License-Identifier: MIT
"""The settings of Sphinx for the site: scripts/lib/site.py runs it, and sets the two variables."""

import os

project = "cmio"
author = "the authors of cmio"
version = release = os.environ["CMIO_VERSION"]

extensions = ["myst_parser", "breathe"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
breathe_projects = {"cmio": os.environ["CMIO_XML"]}
breathe_default_project = "cmio"
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False
primary_domain = "c"
highlight_language = "c"
# Types and functions of the C library, which the reference does not have.
nitpicky = False

html_theme = "furo"
html_title = f"cmio {version}"
html_static_path = ["_static"]
html_css_files = ["cmio.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
exclude_patterns = ["doxygen", "_static"]
