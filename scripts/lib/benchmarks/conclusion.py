# SPDX-License-Identifier: MIT
"""The lines at the top of docs/benchmarks.md: what the figures come to."""

import textwrap

from benchmarks.figures import digits, median, ratio, system_calls

WIDTH = 100
TIMES = [("pipes", "ns_per_event"), ("echo", "ns_per_trip")]
NOTHING = 0.05  # system calls per operation; operations that share a wait differ by less


def span(results, contender, to):
    """The least and the most of the ratios in time at all sizes, as text; None without figures."""
    found = [
        ratio(case, contender, to, metric)
        for workload, metric in TIMES
        for case in results.cases(workload)
    ]
    found = [each.median for each in found if each]
    return f"{min(found):.2f} to {max(found):.2f}" if found else None


def beside_raw(results):
    found = span(results, "cmio", "raw")
    if found:
        yield (
            f"**epoll(7) by hand**: with cmio an event or a round trip takes {found} times as "
            "long (pipes and echo, medians at all sizes)."
        )


def beside_callbacks(results):
    found = {peer: span(results, peer, "cmio") for peer in ["libev", "libevent", "libuv"]}
    parts = [f"{peer} takes {text}" for peer, text in found.items() if text]
    if parts:
        yield f"**{', '.join(found)}**: {', '.join(parts)} times as long as cmio."


def beside_mio(results):
    found = span(results, "mio", "cmio")
    if found:
        yield f"**mio**: it takes {found} times as long as cmio."


def difference(count):
    """System calls of cmio less those by hand; None where either was not counted."""
    ours, raw = system_calls(count, "cmio"), system_calls(count, "raw")
    return None if ours is None or raw is None else ours - raw


def named(counts):
    """Each operation, with the calls of cmio and those by hand."""
    return "; ".join(
        f"{count['what']}: {digits(system_calls(count, 'cmio'))} instead of "
        f"{digits(system_calls(count, 'raw'))}"
        for count in counts
    )


def calls(results):
    known = [count for count in results.data["counts"] if difference(count) is not None]
    if not known:
        return
    fewer = [count for count in known if difference(count) < -NOTHING]
    more = [count for count in known if difference(count) > NOTHING]
    text = "**System calls**: cmio makes as many as epoll(7) by hand in "
    text += f"{len(known) - len(fewer) - len(more)} of {len(known)} operations, "
    text += f"fewer in {len(fewer)}" + (f" ({named(fewer)})" if fewer else "")
    text += f" and more in {len(more)}" + (f" ({named(more)})" if more else "")
    yield text + "."


def bytes_of(cases):
    """Bytes each of all contenders, as text, in the last and so largest case."""
    case = cases[-1]
    found = [(name, median(case, name, "bytes_each")) for name in case["runs"]]
    return ", ".join(f"{name} {digits(value)}" for name, value in found if value is not None)


def memory(results):
    parts = [
        f"{title}: {bytes_of(cases)}"
        for title, cases in [
            ("per registered source", results.cases("memory", what="source")),
            ("per sleeping HTTP connection", results.cases("sleepers")),
        ]
        if cases
    ]
    if parts:
        yield f"**Memory** in bytes, {'; '.join(parts)}."


def lines(results):
    for part in [beside_raw, beside_callbacks, beside_mio, calls, memory]:
        yield from part(results)


def section(results):
    """The lines as a list, or nothing if there is nothing to conclude from."""
    found = list(lines(results))
    for line in found:
        yield textwrap.fill(line, WIDTH, initial_indent="- ", subsequent_indent="  ")
    if found:
        yield ""
