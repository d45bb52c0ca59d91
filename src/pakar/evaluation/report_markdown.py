"""The report of a comparison as Markdown: verdict, table, reasons, caveats.

Text of questions and models is kept on one line, and marks that Markdown would read are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pakar.evaluation.comparison import Comparison
from pakar.evaluation.measures import BY_NAME, MEASURES, SCORE
from pakar.evaluation.report_text import megabytes, seconds, watt_hours

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|])")


def markdown_page(done: Comparison) -> str:
    verdict = done.recommendation
    types = [f"{one.type} ({one.questions} questions): {one.says}." for one in verdict.types]
    parts = [
        f"# {_plain(done.setting.expert)}: which route is right",
        f"**{_plain(verdict.verdict)}**",
        _plain(done.previous.says) if done.previous else "",
        _table(done),
        _listed("Why", verdict.reasons),
        _listed("Mind", verdict.caveats),
        _listed("What would change the verdict", verdict.would_change),
        _listed("By type of question", types),
        _measured_on(done),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(done: Comparison) -> str:
    names = [
        one.name for one in MEASURES if any(one.name in route.metrics for route in done.routes)
    ]
    heads = ["measure", *(_plain(route.name) for route in done.routes)]
    rows = []
    for name in names:
        cells = []
        for route in done.routes:
            one = route.metrics.get(name)
            cells.append(f"{one.mean:.2f} ({one.low:.2f} to {one.high:.2f})" if one else "–")
        label = BY_NAME[name].label
        rows.append([f"**{label}**" if name == SCORE else label, *cells])
    costs = [route.cost for route in done.routes]
    rows.append(["an answer takes (median)", *(seconds(one.latency_s) for one in costs)])
    rows.append(["peak memory", *(megabytes(one.memory_mb) for one in costs)])
    rows.append(["training", *(seconds(one.training_s or None) for one in costs)])
    rows.append(["energy of an answer (estimate)", *(watt_hours(one.answer_wh) for one in costs)])
    rows.append(["a changed document costs", *(seconds(one.upkeep_s) for one in costs)])
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _listed(title: str, lines: Iterable[str]) -> str:
    items = "\n".join(f"- {_plain(line)}" for line in lines)
    return f"## {title}\n\n{items}" if items else ""


def _measured_on(done: Comparison) -> str:
    setting = done.setting
    models = "; ".join(f"{name}: {spec}" for name, spec in setting.models.items())
    return _plain(
        f"Measured on {setting.machine}, finished {setting.finished}. {models}. "
        f"Seed {setting.seed}, comparison {setting.id}."
    )


def _plain(text: str) -> str:
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
