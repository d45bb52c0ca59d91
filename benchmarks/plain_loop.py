"""What a plain training loop reaches in the same minutes as `pakar train`, on the same machine.

    python benchmarks/grounded_training.py DATA --folder DIR ...
    python benchmarks/plain_loop.py DIR --minutes 22

DIR is an expert of grounded_training.py: its documents, pairs and held-out questions are taken, and
nothing in it is changed. The loop is the one that most write: peft's own layers, transformers'
model, one row at once (so no padding), gradients added up to a batch, AdamW with a warm-up and a
cosine. Rows are pakar's grounded ones over three whole passages, a share without an answer. The
minutes are those of the steps alone. Answers are greedy. Citations are not measured: pakar's rows
hold none, as it finds them itself. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from pakar import Expert
from pakar.backends.bundled_smollm2 import model_folder
from pakar.config import Config
from pakar.evaluation.bootstrap import intervals
from pakar.evaluation.metrics import token_f1
from pakar.evaluation.questions import Question, load_questions
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import document
from pakar.flows.serving import Serving, serving
from pakar.flows.training_data import training_data
from pakar.flows.workplace import Workplace
from pakar.ports import Row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=22.0)
    parser.add_argument("--share", type=float, default=0.2, help="of rows without an answer")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--rank", type=int, default=64)
    options = parser.parse_args()
    expert = Expert.open(options.folder)
    place = whole_passages(expert, options.share)
    questions = load_questions(place.questions)
    examples = training_data(place).examples
    rows = [place.trainer.row(one) for one in examples if one.form == "grounded"]
    print(f"{len(rows)} rows", file=sys.stderr, flush=True)
    model, losses = trained(rows, options)
    found = asked(model.merge_and_unload(), place, questions)
    print(json.dumps({"pairs": len(rows), "read": len(losses), **found}, indent=2))


def whole_passages(expert: Expert, share: float) -> Workplace:
    """The expert's workplace with settings under which nothing is narrowed to sentences."""
    place = expert._place
    config: Config = place.config
    changed = config.model_copy(
        update={
            "retrieval": config.retrieval.model_copy(update={"sentences": 0}),
            "examples": config.examples.model_copy(update={"unanswerable": share}),
        }
    )
    return Workplace(place.folder, changed)


def trained(rows: Sequence[Row], options: argparse.Namespace) -> tuple[PeftModel, list[float]]:
    """The model after the minutes, and the loss of each row that was read."""
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_pretrained(model_folder(), dtype=torch.float32)
    rank = options.rank
    adapter = LoraConfig(
        r=rank, lora_alpha=rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model = get_peft_model(base, adapter)
    model.train()
    learned = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=options.rate, weight_decay=0.0)
    order = list(rows)
    random.Random(0).shuffle(order)
    losses: list[float] = []
    started, limit = time.monotonic(), 60 * options.minutes
    while (gone := (time.monotonic() - started) / limit) < 1:
        factor = min(1.0, gone / 0.05) * 0.5 * (1 + math.cos(math.pi * gone))
        for group in optimizer.param_groups:
            group["lr"] = options.rate * max(factor, 0.01)
        for _ in range(options.batch):
            row = order[len(losses) % len(order)]
            loss = answer_loss(model, row)
            (loss / options.batch).backward()
            losses.append(loss.item())
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if len(losses) % 20 == 0:
            recent = sum(losses[-20:]) / 20
            print(f"{len(losses)} rows, loss {recent:.3f}", file=sys.stderr, flush=True)
    return model, losses


def answer_loss(model: PeftModel, row: Row) -> torch.Tensor:
    """The mean over the answer's tokens, whose scores alone are computed."""
    ids = torch.tensor([row.ids])
    scores = model(input_ids=ids, logits_to_keep=row.learned + 1, use_cache=False).logits[0, :-1]
    return torch.nn.functional.cross_entropy(scores, ids[0, -row.learned :])


def asked(
    model: torch.nn.Module, place: Workplace, questions: Sequence[Question]
) -> dict[str, object]:
    """The measures over the held-out questions; asks with the passages that pakar finds."""
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    served = serving(
        retriever(place), place.model, place.config, lambda name: document(place, name)
    )
    scores: list[float] = []
    refused: dict[bool, list[float]] = {True: [], False: []}
    for number, question in enumerate(questions, start=1):
        text = answered(model, tokenizer, served, question.question)
        unknown = served.says_unknown(text)
        refused[question.answerable].append(float(unknown))
        if question.answerable:
            scores.append(0.0 if unknown else token_f1(text, question.answers))
        if number % 20 == 0:
            print(f"{number} asked, F1 {mean(scores):.3f}", file=sys.stderr, flush=True)
    (found,) = intervals(np.array(scores)[:, None])
    return {
        "questions": len(questions),
        "token_f1": [round(one, 3) for one in (found.mean, found.low, found.high)],
        "refused_answerable": round(mean(refused[True]), 3),
        "refused_unanswerable": round(mean(refused[False]), 3),
    }


@torch.inference_mode()
def answered(
    model: torch.nn.Module, tokenizer: AutoTokenizer, served: Serving, question: str
) -> str:
    hits = served.search(question, served.passages)
    prompt = served.with_passages(question, hits, ())
    messages = [{"role": one.role, "content": one.content} for one in prompt.messages]
    chat = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**chat, max_new_tokens=48, do_sample=False)
    new = written[0, chat["input_ids"].shape[1] :]
    text: str = tokenizer.decode(new, skip_special_tokens=True)
    return text.strip()


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


if __name__ == "__main__":
    main()
