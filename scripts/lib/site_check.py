# SPDX-License-Identifier: MIT
"""Looks at the built site in headless Chromium; scripts/site-check calls it, and its --help says what is checked."""

import argparse
import functools
import html.parser
import http.server
import os
import shutil
import sys
import threading
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from command import BUILD

WIDTHS = {"phone": 390, "desktop": 1280}
SCHEMES = ("light", "dark")
HEIGHT = 900
PATIENCE = 60
SOUGHT, FOUND_ON = "cmio_poll_wait", "/reference/cmio/poll.html"

# What sticks out to the right of a page, though nothing around it scrolls by itself. The argument is the width.
SIDEWAYS = """
function scrolls(element) {
    for (; element && element.tagName != "ARTICLE"; element = element.parentElement)
        if (["auto", "scroll"].includes(getComputedStyle(element).overflowX))
            return true;
    return false;
}
const article = document.querySelector("article");
for (const element of article.querySelectorAll("*"))
    if (element.getBoundingClientRect().right > arguments[0] + 1 && !scrolls(element))
        return element.outerHTML.slice(0, 100);
const range = document.createRange(), texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode);
    if (range.getBoundingClientRect().right > arguments[0] + 1 && !scrolls(texts.currentNode.parentElement))
        return texts.currentNode.data.slice(0, 100);
}
return document.documentElement.scrollWidth > arguments[0] ? "(nothing of the article)" : "";
"""

IMAGES = """
return [...document.images].filter(image => !image.complete || image.naturalWidth == 0).map(image => image.src);
"""

# Texts of the article whose contrast (as WCAG 2 defines it) with the colour behind them is below 4.5, each colour once.
FAINT = """
function channels(colour) {
    const parts = colour.match(/[\\d.]+/g).map(Number);
    return parts.length == 3 ? [...parts, 1] : parts;
}
function luminance(colour) {
    const linear = channels(colour).slice(0, 3).map(value => value / 255)
        .map(value => value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function behind(element) {
    for (; element; element = element.parentElement) {
        const colour = getComputedStyle(element).backgroundColor;
        if (channels(colour)[3] == 1)
            return colour;
    }
    return "rgb(255, 255, 255)";
}
const seen = new Map();
const isDark = luminance(behind(document.body)) < 0.5;
if (isDark != (arguments[0] == "dark"))
    seen.set("page", `the page is not ${arguments[0]}`);
const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    const text = texts.currentNode, element = text.parentElement;
    if (!text.data.trim() || !element.getClientRects().length || element.closest(".headerlink"))
        continue;
    const front = getComputedStyle(element).color, back = behind(element);
    if (seen.has(front + back))
        continue;
    const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    seen.set(front + back, contrast < 4.5 ? `${front} on ${back}: ${text.data.trim().slice(0, 40)}` : "");
}
return [...seen.values()].filter(words => words);
"""


class Page(html.parser.HTMLParser):
    """What a page links to, and where in it a link can lead."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = set(), []
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (name, tag) == ("name", "a"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def read_pages(site):
    """The pages of the site by their path."""
    pages = {}
    for folder, folders, names in os.walk(site):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in sorted(names):
            if name.endswith(".html"):
                path = os.path.relpath(os.path.join(folder, name), site)
                pages[path] = Page(os.path.join(site, path))
    return pages


def broken_link(site, pages, path, link):
    """Whether a link within the site leads nowhere."""
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = path
    if parts.path:
        target = os.path.normpath(os.path.join(os.path.dirname(path), urllib.parse.unquote(parts.path)))
    if target not in pages:
        return not os.path.isfile(os.path.join(site, target))
    return bool(parts.fragment) and urllib.parse.unquote(parts.fragment) not in pages[target].anchors


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


def serve(site):
    """A server of the site on a free port, in a thread that ends with the process."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def open_browser():
    options = Options()
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    options.add_argument("--hide-scrollbars")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium has none for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(service=Service(shutil.which("chromedriver") or "chromedriver"), options=options)
    browser.set_page_load_timeout(PATIENCE)
    return browser


def look_as(browser, device, scheme):
    metrics = {"width": WIDTHS[device], "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def console_errors(browser):
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def faults_of_view(browser, device, scheme):
    """What is wrong with the page as it is shown now."""
    faults = [f"console: {message}" for message in console_errors(browser)]
    faults += [f"an image does not load: {source}" for source in browser.execute_script(IMAGES)]
    sideways = browser.execute_script(SIDEWAYS, WIDTHS[device])
    if sideways:
        faults.append(f"scrolls sideways: {sideways}")
    faults += [f"faint: {words}" for words in browser.execute_script(FAINT, scheme)]
    return faults


def keep_picture(browser, folder, path, device, scheme):
    name = f"{os.path.splitext(path)[0].replace('/', '-')}-{device}-{scheme}.png"
    browser.save_screenshot(os.path.join(folder, name))


def faults_of_search(browser, address):
    """Types into the field of the front page, as a reader does."""
    look_as(browser, "desktop", "light")
    browser.get(f"{address}/index.html")
    field = browser.find_element(By.CSS_SELECTOR, "input.sidebar-search")
    field.send_keys(SOUGHT)
    field.submit()
    link = f"#search-results a[href*='{FOUND_ON}'], #search-results a[href*='{FOUND_ON[1:]}']"
    try:
        WebDriverWait(browser, PATIENCE).until(lambda b: b.find_elements(By.CSS_SELECTOR, link))
    except TimeoutException:
        return [f"the search for {SOUGHT} does not find {FOUND_ON}"]
    return [f"search: {message}" for message in console_errors(browser)]


def show_progress(done, total, path):
    if sys.stdout.isatty():
        print(f"\r\x1b[K{done}/{total} {path}", end="", flush=True)


def report(faults, where, found):
    """Notes and prints what is new: a fault of the theme would be on every page."""
    for fault in found:
        if fault not in faults:
            print("\r\x1b[K" if sys.stdout.isatty() else "", f"{where}: {fault}", sep="", flush=True)
        faults.setdefault(fault, []).append(where)


def check_links(site, pages, faults):
    for path, page in pages.items():
        broken = [f"a link leads nowhere: {link}" for link in page.links if broken_link(site, pages, path, link)]
        report(faults, path, broken)


def check_views(browser, address, pages, faults, screenshots):
    """Opens each page once for each device, and has the colours change while it is open."""
    openings = [(path, device) for path in pages for device in WIDTHS]
    for number, (path, device) in enumerate(openings, 1):
        show_progress(number, len(openings), path)
        look_as(browser, device, SCHEMES[0])
        browser.get(f"{address}/{path}")
        for scheme in SCHEMES:
            look_as(browser, device, scheme)
            report(faults, f"{path} ({device}, {scheme})", faults_of_view(browser, device, scheme))
            if screenshots:
                keep_picture(browser, screenshots, path, device, scheme)
    return len(openings) * len(SCHEMES)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/site-check", add_help=False)
    parser.add_argument("site", nargs="?", default=os.path.join(BUILD, "docs", "site", "html"))
    parser.add_argument("--screenshots")
    options = parser.parse_args(arguments)
    if not os.path.isfile(os.path.join(options.site, "index.html")):
        parser.error(f"{options.site}: no index.html. To build the site: meson compile -C build docs")
    if options.screenshots:
        os.makedirs(options.screenshots, exist_ok=True)
    return options


def main():
    options = parse(sys.argv[1:])
    pages, faults = read_pages(options.site), {}
    check_links(options.site, pages, faults)
    address = serve(options.site)
    browser = None
    try:
        browser = open_browser()
        views = check_views(browser, address, pages, faults, options.screenshots)
        report(faults, "index.html", faults_of_search(browser, address))
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    except WebDriverException as error:
        print(f"\nthe browser gave up: {error.msg}", file=sys.stderr)
        return 1
    finally:
        if browser:
            browser.quit()
    links = sum(len(page.links) for page in pages.values())
    count = sum(map(len, faults.values()))
    print(f"\n{len(pages)} pages, {views} views, {links} links: {count} faults, {len(faults)} different ones")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
