"""From examples to an adapter and its routes, through the façade, with a tiny real model."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("peft")

sys.path.append(str(Path(__file__).parents[1] / "backends"))

from tiny_llama import write_tiny_llama

from pakar import Adapter, ConfigError, ExampleError, Expert, TrainingError
from pakar.cli.main import app
from pakar.flows.refusing import answerable_prompts, share_refused
from pakar.flows.training_data import training_data
from pakar.flows.tuning import Watcher
from pakar.ports import BaseModel, Generation, ModelInfo, Recipe, Row
from pakar.training.lost import Lost
from pakar.training.machine import Machine
from pakar.training.preflight import Preflight, preflight
from pakar.types import Message

FEES = {"cheque book": 50, "locker": 900, "passbook": 20, "card": 150, "draft": 75, "stamp": 5}
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("models") / "tiny", context=2048)


def write_fees(folder: Path, thing: str, fee: int) -> None:
    text = f"# Fees for a {thing}\n\nThe fee for a {thing} is {fee} rupees, to be paid at once.\n"
    (folder / "documents" / f"{thing}.md").write_text(text, encoding="utf-8")


def write_examples(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = [
        json.dumps(
            {
                "messages": [
                    {"role": "user", "content": question},
                    {"role": "assistant", "content": answer},
                ],
                "documents": [document],
            }
        )
        for question, answer, document in rows
    ]
    (folder / "examples" / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")


FEE_ROWS = [
    (f"What is the fee for a {thing}?", f"The fee for a {thing} is {fee} rupees.",
     f"documents/{thing}.md")
    for thing, fee in FEES.items()
]  # fmt: skip


@pytest.fixture
def expert(tmp_path: Path, model: Path, testing_backend: str) -> Expert:
    folder = tmp_path / "bank"
    made = Expert.create(folder, language_model=f"path:{model}", embedder=testing_backend)
    settings = "\n[examples]\nwordings = 1\n[training]\nrank = 4\nepochs = 1.0\nbatch = 4\n"
    text = (folder / "pakar.toml").read_text().split("[examples]")[0] + settings
    (folder / "pakar.toml").write_text(text)
    (folder / "documents").mkdir()
    for thing, fee in FEES.items():
        write_fees(folder, thing, fee)
    write_examples(folder, FEE_ROWS)
    made.add(folder / "documents")
    return Expert.open(folder)


def trained(expert: Expert, method: str = "lora") -> Adapter:
    return expert.train(method)


def test_an_adapter_is_a_folder_with_its_record_and_curve(expert: Expert) -> None:
    adapter = trained(expert)
    files = sorted(path.name for path in Path(adapter.folder).iterdir())
    assert files == [
        "adapter_config.json", "adapter_model.safetensors", "examples.jsonl", "loss.png",
        "pakar.json",
    ]  # fmt: skip
    assert adapter.documents == tuple(sorted(f"documents/{thing}.md" for thing in FEES))
    assert adapter.examples > len(FEES)
    record = json.loads((Path(adapter.folder) / "pakar.json").read_text())
    assert record["facts"]["recipe"]["rank"] == 4
    assert len(record["facts"]["data_hash"]) == 64
    assert record["facts"]["lost"]["loss_before"] > 0
    assert 0 <= record["facts"]["lost"]["refused_answerable"] <= 1
    process = record["facts"]["trained"]["process_mb"]
    assert 100 < process < record["facts"]["planned_memory_mb"]
    assert record["facts"]["trained"]["planned_seconds"] > 0
    assert not (expert.folder / ".pakar" / "training" / adapter.id).exists()


def test_the_recorded_plan_is_of_the_process_that_trained(expert: Expert, monkeypatch) -> None:
    held = 5_000_000_000
    monkeypatch.setattr("pakar.backends.adapter_trainer.held_by_process", lambda: held)
    record = json.loads((Path(trained(expert).folder) / "pakar.json").read_text())
    assert record["facts"]["trained"]["process_mb"] == 5000
    assert record["facts"]["planned_memory_mb"] > 5000


def test_the_same_again_trains_nothing(expert: Expert) -> None:
    stages: list[str] = []
    first = trained(expert)
    watcher = Watcher(stages.append, lambda _: None, lambda _: None)
    assert expert.train(watcher=watcher).id == first.id
    assert stages[-1] == f"{first.id} has learned exactly this already"


def test_what_the_base_model_refuses_is_asked_once_for_all_its_adapters(expert: Expert) -> None:
    def before(adapter: Adapter) -> float:
        record = json.loads((Path(adapter.folder) / "pakar.json").read_text())
        return record["facts"]["lost"]["unknown_before"]

    asked = before(trained(expert))
    kept = expert.folder / ".pakar" / "training" / "base_refusals.json"
    (key,) = json.loads(kept.read_text())
    assert json.loads(kept.read_text()) == {key: asked}
    kept.write_text(json.dumps({key: 0.375}))
    assert before(trained(expert, "qlora")) == 0.375, "asked again"
    # Another document, so other passages before the questions.
    write_fees(expert.folder, "vault", 7000)
    expert.add()
    with (expert.folder / "pakar.toml").open("a") as settings:
        settings.write("seed = 3\n")
    assert before(Expert.open(expert.folder).train()) == asked, "not asked again"


def test_routes_with_the_adapter_answer(expert: Expert) -> None:
    assert expert.routes() == ("rag", "extract", "base")
    lora, qlora = trained(expert), trained(expert, "qlora")
    assert expert.routes()[3:] == ("lora", "rag+lora", "qlora", "rag+qlora")
    for route in ("lora", "rag+lora", "qlora", "rag+qlora", lora.id, f"rag+{qlora.id}"):
        answer = expert.ask("What is the fee for a cheque book?", route=route)
        assert answer.route == route
        assert bool(answer.hits) == route.startswith("rag+")


def test_a_changed_document_makes_the_adapter_stale(expert: Expert) -> None:
    trained(expert)
    assert expert.adapters()[0].stale == ()
    write_fees(expert.folder, "locker", 1000)
    expert.add()
    (adapter,) = expert.status().adapters
    assert adapter.stale == ("documents/locker.md has changed since",)
    expert.ask("What is the fee for a locker?", route="lora")
    assert "is stale: documents/locker.md has changed" in expert.advice("lora")
    assert expert.advice("extract") == ""


def test_a_removed_document_needs_a_word_from_the_user(expert: Expert) -> None:
    trained(expert)
    (expert.folder / "documents" / "locker.md").unlink()
    expert.add()
    (adapter,) = expert.adapters()
    assert adapter.removed == ("documents/locker.md",)
    assert "lora" not in expert.routes()
    with pytest.raises(TrainingError, match="removed since: documents/locker.md") as problem:
        expert.ask("What is the fee?", route="lora")
    assert "--accept-adapter" in problem.value.hint
    assert expert.ask("What is the fee?", route="lora", accept_adapter=True).route == "lora"


def test_another_base_model_makes_it_stale(expert: Expert, tmp_path: Path) -> None:
    trained(expert)
    other = write_tiny_llama(tmp_path / "other", seed=5, context=2048)
    file = expert.folder / "pakar.toml"
    file.write_text(file.read_text().replace(expert.config.models.language_model, f"path:{other}"))
    (adapter,) = Expert.open(expert.folder).adapters()
    assert "not the one it was trained on" in adapter.stale[0]


def test_an_adapter_learns_from_the_sentences_that_it_will_read_and_knows_it(
    expert: Expert,
) -> None:
    for thing, fee in FEES.items():
        write_fees(expert.folder, thing, fee)
        with (expert.folder / "documents" / f"{thing}.md").open("a") as file:
            file.write("The clerk at the desk is kind. Bring a pen.\n")
    expert.add()
    settings = expert.folder / "pakar.toml"
    whole = settings.read_text()
    settings.write_text(whole.replace("sentences = 0", "sentences = 1"))
    narrow = Expert.open(expert.folder)
    grounded = [one for one in training_data(narrow._place).examples if one.form == "grounded"]
    answerable = [one for one in grounded if "rupees" in one.answer]
    assert answerable
    for one in answerable:
        assert one.answer.removeprefix("The ").removesuffix(".") in one.messages[-2].content
        assert "pen" not in one.messages[-2].content
    trained(narrow)
    asked = narrow.ask("What is the fee for a locker?", route="rag+lora").prompt[-1].content
    assert "locker is 900 rupees" in asked
    assert "pen" not in asked
    assert narrow.adapters()[0].stale == ()
    settings.write_text(whole)
    (adapter,) = Expert.open(expert.folder).adapters()
    assert adapter.stale == ("it learned with retrieval.sentences = 1, which is 0 now",)


def test_a_missing_adapter_and_an_unknown_route_are_told_apart(expert: Expert) -> None:
    with pytest.raises(TrainingError, match="no qlora adapter yet"):
        expert.ask("q?", route="rag+qlora")
    with pytest.raises(ConfigError, match="unknown route 'lorra'"):
        expert.ask("q?", route="lorra")


def test_no_examples_are_one_clear_error(expert: Expert) -> None:
    (expert.folder / "examples" / "mine.jsonl").unlink()
    with pytest.raises(ExampleError, match="no accepted examples"):
        expert.train()


def test_resume_without_an_unfinished_run_is_one_clear_error(expert: Expert) -> None:
    with pytest.raises(TrainingError, match="no unfinished training"):
        expert.train(resume=True)


def test_resume_takes_the_examples_of_then(expert: Expert, monkeypatch) -> None:
    class Stopped(Exception):
        pass

    def stop(_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        expert.train(watcher=Watcher(lambda _: None, lambda _: None, stop))
    write_examples(expert.folder, FEE_ROWS[:2])
    adapter = Expert.open(expert.folder).train(resume=True)
    assert len(adapter.documents) == len(FEES)


def test_a_damaged_record_is_one_clear_error(expert: Expert) -> None:
    adapter = trained(expert)
    (Path(adapter.folder) / "pakar.json").write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        expert.adapters()


def test_an_adapter_that_lost_too_much_is_not_used_by_default(expert: Expert) -> None:
    adapter = trained(expert)
    path = Path(adapter.folder) / "pakar.json"
    record = json.loads(path.read_text())
    record["adapter"]["refused"] = "it lost general language"
    path.write_text(json.dumps(record))
    assert "lora" not in expert.routes()
    with pytest.raises(TrainingError, match="lost general language"):
        expert.ask("q?", route="lora")


class Says:
    """A model with one answer to everything."""

    info = ModelInfo("path:says", 2048)

    def __init__(self, text: str) -> None:
        self.text = text

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def generate(self, messages: Sequence[Message], settings: Generation) -> Iterator[str]:
        yield self.text


def test_an_adapter_that_refuses_what_its_passages_answer_is_found_out(expert: Expert) -> None:
    made = training_data(expert._place).examples
    asked = answerable_prompts(expert._place, made)
    answered = [one for one in made if one.form == "grounded" and "rupees" in one.answer]
    assert len(asked.prompts) == min(4, len(answered)) > 0
    assert all("rupees" in one.messages[-1].content for one in asked.prompts)
    for text, share in (("I don't know.", 1.0), ("The fee is 50 rupees.", 0.0)):
        assert share_refused(Says(text), asked) == share
    lost = Lost(3.0, 3.0, 0.5, 1.0, refused_answerable=0.75)
    assert "75%" in lost.verdict(0.5) and not lost.verdict(0.75)


def test_the_command_shows_the_ledger_and_gives_json(expert: Expert) -> None:
    done = CliRunner().invoke(app, ["train", "--expert", str(expert.folder), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["method"] == "lora"
    assert "stop token" in done.stderr and "learned at the end of each" in done.stderr
    bad = CliRunner().invoke(app, ["train", "--method", "full", "--expert", str(expert.folder)])
    assert bad.exit_code == 2 and "known: lora, qlora" in bad.stderr


# The preflight -------------------------------------------------------------------------------

BASE = BaseModel("path:x", "f", "t", context_tokens=50, stop=frozenset({2}), start=1)
GOOD = [Row((1, 7, 10 + number, 9, 2), 2, f"e{number}") for number in range(40)]


def looked(rows: list[Row], *, recipe: Recipe | None = None, served: str = "t") -> Preflight:
    return preflight(rows, [], BASE, recipe or Recipe(), served_template=served)


def bad(looked: Preflight) -> list[str]:
    return [check.name for check in looked.checks if check.verdict == "bad"]


def test_good_rows_pass() -> None:
    result = looked(GOOD)
    result.require()
    assert bad(result) == [] and len(result.rows) == 40


def noted(looked: Preflight) -> list[str]:
    return [check.name for check in looked.checks if check.verdict == "note"]


@pytest.mark.parametrize(("refusing", "said"), [(0, False), (14, False), (15, True), (30, True)])
def test_one_answer_to_many_questions_is_noted(refusing: int, said: bool) -> None:
    rows = [Row((1, 7, 10 + n, 5 if n < refusing else 100 + n, 2), 2, f"e{n}") for n in range(40)]
    result = looked(rows)
    result.require()
    assert ("same answer" in noted(result)) is said


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("examples", []),
        ("lengths", GOOD[:30] + [Row((*range(3, 60), 2), 5, "long")] * 10),
        ("variety", [GOOD[0]] * 10_000),
        ("stop token", [*GOOD, Row((1, 7, 8), 2, "endless")]),
        ("start token", [*GOOD, Row((1, 1, 7, 8, 2), 2, "doubled")]),
    ],
)
def test_what_stops_a_run(name: str, rows: list[Row]) -> None:
    result = looked(rows)
    assert bad(result) == [name]
    with pytest.raises(TrainingError, match=name):
        result.require()


def test_long_and_empty_ones_are_left_out_whole_and_counted() -> None:
    rows = [*GOOD, Row((*range(3, 60), 2), 5, "long"), Row((1, 7, 2), 1, "empty")]
    result = looked(rows)
    says = {check.name: check.says for check in result.checks}
    assert [row.example for row in result.rows] == [row.example for row in GOOD]
    assert "1 exceed 50 tokens (5 answer tokens): long" in says["lengths"]
    assert "empty" in says["answers"]
    assert bad(result) == []


def test_the_template_and_the_learning_rate_are_checked() -> None:
    assert bad(looked(GOOD, served="other")) == ["template"]
    assert bad(looked(GOOD, recipe=Recipe(learning_rate=0.05))) == ["learning rate"]
    notes = looked(GOOD, recipe=replace(Recipe(), learning_rate=1e-6)).checks
    assert [one.verdict for one in notes if one.name == "learning rate"] == ["note"]


def test_the_plan_is_that_of_the_own_examples_at_the_pace_of_this_machine(expert: Expert) -> None:
    lora, qlora, full = expert.plans(("lora", "qlora", "full"))
    made = expert.training_data().examples
    assert 0 < lora.work.examples <= len(made)
    assert lora.work.tokens < sum(expert.model.count_tokens(one.messages) for one in made) * 1.1
    assert lora.duration is not None and "the training step itself" in lora.duration.how
    assert qlora.duration is not None and full.duration is not None
    assert full.duration.seconds > lora.duration.seconds
    ran = CliRunner().invoke(app, ["plan", "--expert", str(expert.folder), "--json"])
    assert ran.exit_code == 0
    assert json.loads(ran.stdout)["plans"][0]["examples"] == lora.work.examples


def test_auto_takes_the_route_of_the_settings_until_there_is_a_comparison(expert: Expert) -> None:
    questions = [
        json.dumps({"id": thing, "question": f"What does a {thing} cost?", "answer": f"{fee}"})
        for thing, fee in FEES.items()
    ]
    answer = expert.ask("What is the fee for a locker?", route="auto")
    assert answer.route == "rag"
    assert "no comparison yet" in answer.notes[0]
    (expert.folder / "questions.jsonl").write_text("\n".join(questions))
    done = expert.compare(routes=("extract", "base"))
    chosen = Expert.open(expert.folder).ask("What is the fee for a locker?", route="auto")
    assert chosen.route == done.recommendation.route == "extract"
    assert "the last comparison speaks for it" in chosen.notes[0]


def test_what_a_comparison_lacks_is_trained_where_the_user_says_so(expert: Expert) -> None:
    (expert.folder / "questions.jsonl").write_text(
        json.dumps({"id": "1", "question": "What does a seal cost?", "answerable": False})
    )
    assert expert.missing_methods(("rag+lora", "rag")) == ("lora",)
    command = ["compare", "--expert", str(expert.folder), "--json", "--routes", "extract,lora"]
    ran = CliRunner().invoke(app, command)
    assert "no lora adapter" in json.loads(ran.stdout)["not_run"]["lora"]
    ran = CliRunner().invoke(app, [*command, "--train"])
    assert {one["name"] for one in json.loads(ran.stdout)["routes"]} == {"extract", "lora"}
    assert expert.missing_methods(("rag+lora", "rag")) == ()


def test_drafted_questions_are_held_out_from_then_on(expert: Expert) -> None:
    (expert.folder / "documents" / "faq.md").write_text(
        "# Accounts\n\n## Who may open an account?\n\nAnyone who is eighteen or older may.\n"
    )
    expert.add(expert.folder / "documents")
    expert.build_examples()

    def learned() -> bool:
        examples = expert.training_data().examples
        # Passages may show the heading as well: only what is asked at the end counts.
        asked = [one.messages[-2].content.splitlines() for one in examples]
        return any("Who may open an account?" in line for lines in asked for line in lines[-3:])

    assert learned()
    done = expert.draft_questions(50)
    assert all(one.drafted and one.documents for one in done.added)
    assert any("Who may open an account?" in one.question for one in done.added)
    assert not learned()
    assert expert.draft_questions(50).added == ()


def test_a_full_disk_stops_before_the_work(expert: Expert, monkeypatch) -> None:
    usage = shutil.disk_usage(expert.folder)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(TrainingError, match="GB are free"):
        expert.train()
    assert not (expert.folder / ".pakar" / "adapters").exists()


def test_too_little_memory_stops_before_the_work(expert: Expert, monkeypatch) -> None:
    small = Machine("this machine's CPU", 300_000_000, here=True)
    monkeypatch.setattr("pakar.flows.plan.this_machine", lambda: small)
    with pytest.raises(TrainingError, match="needs about .* GB, and this machine's CPU has 0.3"):
        expert.train()
    assert not (expert.folder / ".pakar" / "training" / "lora").exists()
    assert expert.adapters() == ()


def test_an_adapter_becomes_a_model_of_its_own(expert: Expert, tmp_path: Path) -> None:
    lora = trained(expert)
    at = ["--expert", str(expert.folder), "--json"]
    done = CliRunner().invoke(app, ["merge", lora.id, str(tmp_path / "own"), *at])
    assert done.exit_code == 0, done.output
    spec = json.loads(done.stdout)["spec"]
    assert spec == f"path:{tmp_path / 'own'}"
    question = "What is the fee for a locker?"
    answer = expert.ask(question, route="lora").text
    file = expert.folder / "pakar.toml"
    file.write_text(file.read_text().replace(expert.config.models.language_model, spec))
    assert Expert.open(expert.folder).ask(question, route="base").text == answer
    with pytest.raises(TrainingError, match="was trained on path:"):
        Expert.open(expert.folder).merge_adapter(lora.id, tmp_path / "again")


def test_what_cannot_be_merged_is_said(expert: Expert, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="unknown adapter 'lora'") as none:
        expert.merge_adapter("lora", tmp_path / "own")
    assert "pakar train" in none.value.hint
    qlora = trained(expert, "qlora")
    with pytest.raises(TrainingError, match="unknown adapter") as near:
        expert.merge_adapter(qlora.id[:-1], tmp_path / "own")
    assert f"Did you mean {qlora.id!r}?" in near.value.hint
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.txt").write_text("keep me")
    with pytest.raises(TrainingError, match="own is not empty"):
        expert.merge_adapter(qlora.id, tmp_path / "own")
    (tmp_path / "own" / "mine.txt").unlink()
    assert expert.merge_adapter(qlora.id, tmp_path / "own") == tmp_path / "own"
    (expert.folder / "documents" / "locker.md").unlink()
    expert.add()
    with pytest.raises(TrainingError, match="removed since"):
        expert.merge_adapter(qlora.id, tmp_path / "other")
    assert expert.merge_adapter(qlora.id, tmp_path / "other", accept_adapter=True).is_dir()
