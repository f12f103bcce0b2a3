"""The tables of a gpu.json: what was measured, and what was not and why."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean
from typing import Any

from benchmarks.cleaning.tables import spread


def describe(result: dict[str, Any]) -> str:
    """Everything as Markdown."""
    parts = result["parts"]
    lines = [f"{result['seconds']:.0f} s{', a dry run on the CPU' if result['dry_run'] else ''}", ""]
    for name, figures in parts.items():
        lines += [f"### {name}", "", *_TABLES[name](figures), *_troubles(figures), ""]
    return "\n".join(lines)


def _troubles(figures: dict[str, Any]) -> Iterator[str]:
    for figure, values in figures.items():
        if "skipped" in values and not isinstance(values["skipped"], int):
            yield f"- not measured: {figure}: {values['skipped']}"
        if "error" in values:
            yield f"- failed: {figure}: {values['error']}"
    if figures.get("ended", {}).get("returned"):
        yield f"- the part ended with {figures['ended']['returned']}: {figures['ended'].get('said', '')}"


def _machine(figures: dict[str, Any]) -> Iterator[str]:
    machine, versions = figures.get("machine", {}), figures.get("versions", {})
    yield f"{machine.get('device')}; {machine.get('processor')}, {machine.get('cores')} cores"
    yield ", ".join(f"{name} {version}" for name, version in versions.items())
    for figure, values in figures.items():
        if figure.startswith("limits"):
            flops, size = values["flops"], values["bytes"]
            yield (
                f"{figure}: {flops['per_s'] / 1e12:.1f} TFLOP/s (n={flops['n']}), "
                f"{size['per_s'] / 1e12:.2f} TB/s read and written (n={size['n']})"
            )


def _tests(figures: dict[str, Any]) -> Iterator[str]:
    tests = figures.get("tests", {})
    if "passed" in tests:
        yield f"{tests['passed']} passed, {len(tests['failed'])} failed, {tests['skipped']} skipped"
        for name, said in tests["failed"].items():
            yield f"- failed: {name}: {said[:400]}"


def _agreement(figures: dict[str, Any]) -> Iterator[str]:
    yield from ("| step | first gradient off by | weights off by | waits for the device |", "|---|---|---|---|")
    for name, values in _measured(figures):
        off = f"{values['gradient_off']:.1e} | {values['weights_off']:.1e}"
        yield f"| {name} | {off} | {values['waits'] or 'no'} |"


def _speed(figures: dict[str, Any]) -> Iterator[str]:
    yield "| | stage | faces/s | slowest to fastest | n | of the matrix peak | of the roofline | memory |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, values in _measured(figures):
        for stage, rate in values["stages"].items():
            shares = [f"{values[of][stage]:.1%}" if of in values and stage != "data" else ""
                      for of in ("of_matrix_peak", "of_roofline")]  # fmt: skip
            memory = f"{values['memory_gb']:.1f} GB" if values.get("memory_gb") else ""
            yield (
                f"| {name} | {stage} | {rate['per_s']:,.0f} | {rate['slowest']:,.0f}-{rate['fastest']:,.0f} "
                f"| {rate['n']} | {shares[0]} | {shares[1]} | {memory} |"
            )


def _round(figures: dict[str, Any]) -> Iterator[str]:
    for name, values in _measured(figures):
        if name == "kernels of an epoch":
            spent, seconds = values["by_kind"], values["seconds"]
            yield (
                f"An epoch with its clean pass, {seconds:.2f} s: "
                + ", ".join(f"{kind} {part / seconds:.0%}" for kind, part in spent.items())
                + f", idle {1 - values['busy'] / seconds:.0%}; not arithmetic {values['share_not_arithmetic']:.0%}"
            )
        else:
            host = ", ".join(f"{step} {part:.1f}" for step, part in values["host"].items())
            yield (
                f"- {name}: {values['faces']:,} faces, {values['epochs']} epochs in {values['seconds']:.1f} s "
                f"({values['faces_per_s']:,.0f} faces/s; steps {values['steps_faces_per_s']:,.0f}); seconds: {host}"
            )


def _protocol(figures: dict[str, Any]) -> Iterator[str]:
    runs = [values for _, values in _measured(figures)]
    if not runs:
        return
    noises = sorted({run["noise"] for run in runs})
    yield "| | " + " | ".join(f"{noise} % flipped" for noise in noises) + " |"
    yield "|---" * (len(noises) + 1) + "|"
    for arm in dict.fromkeys(run["arm"] for run in runs):
        cells = []
        for noise in noises:
            found = [run["accuracy"] for run in runs if (run["arm"], run["noise"]) == (arm, noise)]
            cells.append(f"{spread(found)} (n={len(found)})" if found else "")
        yield f"| {arm} | " + " | ".join(cells) + " |"
    yield f"{mean(run['seconds'] for run in runs):.0f} s a training"


def _measured(figures: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, values in figures.items():
        if name != "ended" and "skipped" not in values and "error" not in values:
            yield name, values


_TABLES = {
    "machine": _machine,
    "tests": _tests,
    "agreement": _agreement,
    "speed": _speed,
    "round": _round,
    "places": _speed,
    "protocol": _protocol,
    "compiled": _speed,
}
