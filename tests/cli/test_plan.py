"""`pakar plan`: memory and time without weights, and one clear line for what cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pakar.cli.main import app
from pakar.expert import Expert
from pakar.flows.plan import PlanRequest


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def planned(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["plan", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, object] = json.loads(result.stdout)
    return document


def cards(document: dict[str, object], name: str, key: str) -> list[int]:
    found = []
    for one in document["plans"]:  # type: ignore[attr-defined]
        found += [fit[key] for fit in one["elsewhere"] if fit["gpu"] == name]
    return found


def test_the_70b_case_is_answered_without_a_hub() -> None:
    document = planned("--model", "hf:meta-llama/Llama-3.1-70B-Instruct", "--gpu", "V100 32GB")
    assert [one["method"] for one in document["plans"]] == ["lora", "qlora", "full"]  # type: ignore[attr-defined]
    assert cards(document, "V100 32GB", "states_alone") == [5, 2, 36]
    whole = cards(document, "V100 32GB", "count")
    assert whole[1] == 2
    assert whole[2] > 36


def test_a_size_is_as_good_as_a_name() -> None:
    by_size = planned("--parameters", "70B", "--gpu", "A100 80GB")
    assert by_size["parameters"] == 70_553_706_496


def test_the_ledger_adds_up_and_says_what_fits() -> None:
    model = "hf:microsoft/Phi-4-mini-instruct"
    document = planned("--model", model, "--gpu", "4090", "--method", "qlora")
    plan = document["plans"][0]  # type: ignore[index]
    total = sum(line["bytes"] for line in plan["ledger"])
    assert plan["needed_gb"] == pytest.approx(total / 1e9, abs=0.001)
    assert plan["fits"] is True
    assert plan["seconds"] > 0
    assert all(line["how"] for line in plan["ledger"])


def test_several_cards_share_the_states() -> None:
    one, four = (
        planned("--parameters", "8B", "--gpu", "A100 80GB", "--gpus", count, "--method", "full")
        for count in ("1", "4")
    )
    needed = [document["plans"][0]["needed_gb"] for document in (one, four)]  # type: ignore[index]
    assert needed[0] > 2 * needed[1]


def test_people_read_the_arithmetic_on_one_screen() -> None:
    arguments = ["plan", "--parameters", "70B", "--gpu", "V100 32GB", "--gpus", "36"]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) < 50
    assert "does not fit 36 × V100 32GB" in shown.stdout
    explained = CliRunner().invoke(app, [*arguments, "--explain"], env={"COLUMNS": "200"})
    assert "16.00 bytes a parameter) / 32 GB = 35.28: 36 devices" in explained.stdout


def test_an_expert_plans_with_its_own_counts(tmp_path: Path) -> None:
    expert = Expert.create(tmp_path / "bank", language_model="hf:microsoft/Phi-3-mini-4k-instruct")
    request = PlanRequest(gpu="A100 40GB", checkpointing=False)
    plan = expert.plan("lora", request, [(300, 40), (500, 60), (900, 10)])
    assert plan.work.tokens == 1700
    assert (plan.work.largest.tokens, plan.work.largest.answers) == (1700, 110)
    assert plan.work.assumed == ""
    assert expert.plan(request=request).setup.method == "lora"


def test_a_folder_with_only_a_configuration_is_enough(tmp_path: Path) -> None:
    config = {
        "model_type": "qwen3", "hidden_size": 64, "intermediate_size": 128, "vocab_size": 100,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    document = planned("--model", f"path:{tmp_path}", "--gpu", "8GB 3060 Ti", "--method", "lora")
    assert document["source"] == "its config.json"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "hf:acme/unknown-9b"], "unknown-9b"),
        (["--model", "openai:gpt@http://x"], "endpoint"),
        (["--model", "nonsense"], "not a model spec"),
        (["--parameters", "many"], "'many'"),
        (["--parameters", "70B", "--model", "hf:a/b"], "both"),
        (["--parameters", "7B", "--method", "dora"], "method 'dora'"),
        (["--parameters", "7B", "--gpu", "Voodoo 2"], "Voodoo"),
        (["--parameters", "7B", "--gpu", "T4", "--gpus", "0"], "0 GPUs"),
        (["--parameters", "7B", "--gpus", "2"], "which kind"),
        (["--parameters", "7B", "--gpu", "T4", "--rank", "0"], "rank 0"),
        (["--parameters", "7B", "--gpu", "T4", "--batch", "-1"], "batch of -1"),
        (["--parameters", "7B", "--gpu", "T4", "--length", "0"], "0 tokens"),
        (["--parameters", "7B", "--gpu", "T4", "--length", "99999999"], "99999999 tokens"),
        (["--parameters", "7B", "--gpu", "T4", "--examples", "0"], "0 examples"),
        (["--parameters", "7B", "--gpu", "T4", "--epochs", "nan"], "nan epochs"),
        (["--parameters", "7B", "--gpu", "T4", "--targets", "foo"], "'foo'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_error(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["plan", *arguments, "--json"])
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert said in document["error"]
    assert document["hint"]
