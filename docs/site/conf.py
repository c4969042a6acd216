# SPDX-License-Identifier: MIT
"""The settings of Sphinx for the site: scripts/lib/site.py runs it, and sets the two variables."""

import glob
import os

from docutils import nodes
from sphinx import addnodes

project = "cmio"
author = "the authors of cmio"
version = release = os.environ["CMIO_VERSION"]

extensions = ["myst_parser", "breathe"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
breathe_projects = {
    os.path.relpath(folder, os.environ["CMIO_XML"]): folder
    for folder in glob.glob(os.path.join(os.environ["CMIO_XML"], "**", "*.h"), recursive=True)
    if os.path.isdir(folder)
}
breathe_domain_by_extension = {"h": "c"}
breathe_show_include = False
primary_domain = "c"
highlight_language = "text"  # of blocks that name none
# Types and functions of the C library, which the reference does not have.
nitpicky = False

html_theme = "furo"
html_title = f"cmio {version}"
html_static_path = ["_static"]
html_css_files = ["cmio.css"]
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
pygments_style = "default"
pygments_dark_style = "github-dark"
exclude_patterns = ["doxygen", "_static"]


def put_parameters_before_results(_app, doctree):
    """Breathe has the parameters at the end. The comments have them before **Returns** and its kin."""
    for content in doctree.findall(addnodes.desc_content):
        fields = [child for child in content if isinstance(child, nodes.field_list)]
        results = [child for child in content if child.children and isinstance(child[0], nodes.strong)]
        if fields and results:
            content.remove(fields[0])
            content.insert(content.index(results[0]), fields[0])


def setup(app):
    app.connect("doctree-read", put_parameters_before_results)
    return {"parallel_read_safe": True}
