"""The course of a training as a picture: loss and held-out loss by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pakar.errors import MissingExtraError

Point = tuple[int, float, float | None]


def draw_curve(points: Sequence[Point], path: Path) -> None:
    """Writes a PNG. Raises MissingExtraError where matplotlib is not installed."""
    try:
        # The canvas and not pyplot: no window system is asked for and no global state is made.
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "matplotlib is not installed; this needs pakar[train]",
            hint='In the checkout of pakar: pip install -c constraints.txt -e ".[train]"',
        ) from error
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps = [step for step, _, _ in points]
    axes.plot(steps, [loss for _, loss, _ in points], color="#9db7d5", label="each step")
    held = [(step, value) for step, _, value in points if value is not None]
    if held:
        axes.plot(*zip(*held, strict=True), color="#c2410c", marker="o", label="held out")
        best = min(held, key=lambda one: one[1])
        axes.annotate(
            f"best: {best[1]:.3f} at step {best[0]}",
            best,
            textcoords="offset points",
            # Above, as both curves fall; on white, as that of the steps jumps.
            xytext=(0, 42),
            ha="right" if best[0] > steps[-1] / 2 else "left",
            arrowprops={"arrowstyle": "-", "color": "#c2410c", "shrinkB": 4},
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
            zorder=5,
        )
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats a learned token)")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if points:
        axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
