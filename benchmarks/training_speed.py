"""Trains the same adapter with pakar and with TRL's SFTTrainer, and prints both speeds as JSON.

    pip install trl
    python benchmarks/training_speed.py [--examples 24] [--batch 4] [--only NAME,...] [--rank 16]
        [--asked 1] [--epochs 1] [--trl-micro 1]

All run the same model, examples, batches (in the same order), steps, rank and learning rate, each
in a process of its own, and the held-out loss of each adapter is measured by the same code:

    pakar         answers alone are learned, through all tokens, as TRL does it
    pakar-fewer   the same with 96 gradient tokens: what stands before a question is only read
    pakar-short   as `pakar train` runs where time is short: the question's words learned, too
    pakar-qlora   the first with the frozen weights in 4 bits
    trl           SFTTrainer with its defaults (bfloat16, gradient checkpointing)
    trl-best      SFTTrainer as fast as it was found on a CPU: the precision that is native, no
                  checkpointing, one row at once (`--trl-micro`), gradients added up to a batch

The examples are grounded ones: the question with long context, an answer of some sentences. With
`--asked 4`, four questions are asked of the same context, as pakar's own grounded examples are; the
held-out ones are about other documents. Tokens are those of the examples, however often a shared
context is computed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pakar.config import Documents
from pakar.documents.read import read_document
from pakar.ports import Progress, Recipe, Row, Rows
from pakar.types import Example, Message

EXAMPLE = Path(__file__).parents[1] / "examples" / "zx_bank"
SPEC = "bundled:smollm2-135m-instruct"
RATE = 5e-4
HELD_OUT = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=24)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--asked", type=int, default=1, help="questions of the same context")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--trl-micro", type=int, default=1, help="rows that TRL reads at once")
    parser.add_argument("--only", default="pakar,pakar-fewer,pakar-short,pakar-qlora,trl-best,trl")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.batch % options.trl_micro:
        parser.error("--trl-micro must divide --batch, or TRL's steps would be smaller")
    if options.one:
        print(json.dumps(one(options.one, options)))
        return
    results: dict[str, dict[str, object]] = {}
    for name in options.only.split(","):
        command = [sys.executable, __file__, "--one", name]
        for flag in ("examples", "batch", "rank", "asked", "epochs", "trl-micro"):
            command += [f"--{flag}", str(getattr(options, flag.replace("-", "_")))]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results[name] = json.loads(done.stdout.splitlines()[-1])
        print(name, results[name], file=sys.stderr, flush=True)
    for name, ours in results.items():
        if name.startswith("pakar"):
            ours["faster_by"] = {
                other: round(ours["tokens_per_second"] / result["tokens_per_second"], 2)
                for other, result in results.items()
            }
    print(json.dumps(results, indent=2))


def rows(count: int, asked: int) -> list[Row]:
    """Questions of the shipped expert, each with a page of context, of about 500 tokens."""
    from pakar.registry import open_trainer
    from pakar.training.rows import parse_row

    trainer = open_trainer(SPEC)
    lines = (EXAMPLE / "examples" / "curated.jsonl").read_text(encoding="utf-8").splitlines()
    by_document: dict[str, list[Row]] = {}
    for example in map(parse_row, lines):
        of_one = by_document.setdefault(example.sources[0].document, [])
        row = trainer.row(with_page(example))
        if 350 <= len(row.ids) <= 650 and len(of_one) < asked:
            of_one.append(row)
    full = [row for of_one in by_document.values() if len(of_one) == asked for row in of_one]
    if len(full) < count + HELD_OUT:
        raise SystemExit(f"only {len(full) - HELD_OUT} examples are asked {asked} to a document")
    return full[: count + HELD_OUT]


def with_page(example: Example) -> Example:
    name = example.sources[0].document
    document = read_document(EXAMPLE / name, name, Documents())
    asked = Message("user", f"{document.text[:1600]}\n\nQuestion: {example.question}")
    return replace(example, messages=(asked, example.messages[-1]))


def one(name: str, options: argparse.Namespace) -> dict[str, float]:
    made = rows(options.examples, options.asked)
    learned, held_out = made[HELD_OUT:], made[:HELD_OUT]
    with tempfile.TemporaryDirectory() as folder:
        run = with_pakar if name.startswith("pakar") else with_trl
        seconds, frozen = run(name, learned, options, Path(folder))
        loss = held_out_loss(Path(folder) / "adapter", held_out)
    passes = options.epochs
    return {
        "tokens_per_second": round(passes * sum(len(row.ids) for row in learned) / seconds, 1),
        "answer_tokens_per_second": round(passes * sum(r.learned for r in learned) / seconds, 1),
        "seconds": round(seconds, 1),
        "steps": -(-passes * len(learned) // options.batch),
        "held_out_loss": round(loss, 4),
        "frozen_mb": round(frozen, 1),
    }


def with_pakar(
    name: str, learned: list[Row], options: argparse.Namespace, folder: Path
) -> tuple[float, float]:
    """Seconds of the steps alone, from the run's own clock."""
    from pakar.registry import open_trainer

    seen: list[Progress] = []
    method = "qlora" if name.endswith("qlora") else "lora"
    short = name.endswith("short")
    fewer = short or name.endswith("fewer")
    recipe = Recipe(
        method=method, rank=options.rank, alpha=2 * options.rank, learning_rate=RATE,
        epochs=options.epochs, batch=options.batch, evaluations=1,
        gradient_tokens=96 if fewer else 0, question_weight=0.3 if short else 0.0,
    )  # fmt: skip
    done = open_trainer(SPEC).train(Rows(learned), recipe, folder, seen.append)
    return seen[-1].seconds, done.frozen_mb


def with_trl(
    name: str, learned: list[Row], options: argparse.Namespace, folder: Path
) -> tuple[float, float]:
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from pakar.backends.base_weights import frozen_bytes
    from pakar.backends.bundled_smollm2 import model_folder
    from pakar.backends.numeric_precision import has_native_bfloat16
    from pakar.backends.training_steps import steps_of

    steps = steps_of(learned, batch=options.batch, epochs=options.epochs, seed=0)
    order = [at for step in steps for at in step]
    data = Dataset.from_dict(
        {
            "input_ids": [list(learned[at].ids) for at in order],
            "completion_mask": [
                [0] * (len(learned[at].ids) - learned[at].learned) + [1] * learned[at].learned
                for at in order
            ],
        }
    )
    best = name == "trl-best"
    native = has_native_bfloat16()
    chosen = {"per_device_train_batch_size": options.batch}
    if best:
        chosen = {
            "per_device_train_batch_size": options.trl_micro,
            "gradient_accumulation_steps": options.batch // options.trl_micro,
            "bf16": native,
            "gradient_checkpointing": False,
        }
    arguments = SFTConfig(
        output_dir=str(folder / "trl"), num_train_epochs=1, completion_only_loss=True,
        learning_rate=RATE, lr_scheduler_type="cosine", warmup_steps=1, max_grad_norm=1.0,
        weight_decay=0.0, logging_steps=1, save_strategy="no", report_to="none", use_cpu=True,
        max_length=2048, train_sampling_strategy="sequential", seed=0, **chosen,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(
        model_folder(), dtype=torch.bfloat16 if best and native else torch.float32
    )
    config = LoraConfig(
        r=options.rank,
        lora_alpha=2 * options.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    tokenizer = AutoTokenizer.from_pretrained(model_folder())
    trainer = SFTTrainer(
        model, args=arguments, train_dataset=data, peft_config=config, processing_class=tokenizer
    )
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    trainer.model.save_pretrained(folder / "adapter")
    return seconds, frozen_bytes(trainer.model) / 1e6


def held_out_loss(adapter: Path, held_out: list[Row]) -> float:
    """Of any adapter in peft's files, over the same weights in full precision."""
    from peft import PeftModel

    from pakar.backends.adapter_training import mean_loss
    from pakar.backends.base_weights import load_base
    from pakar.backends.bundled_smollm2 import model_folder
    from pakar.backends.packed_batch import NAME, register_packed_attention

    register_packed_attention()
    base = load_base(model_folder(), SPEC, attention=NAME)
    return mean_loss(PeftModel.from_pretrained(base, adapter), held_out, 2048)


if __name__ == "__main__":
    main()
