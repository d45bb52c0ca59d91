# %% [markdown]
# # Fine-tuning Phi-3, from documents to answers
#
# Four documents of a bank and six question-answer pairs become two adapters for a Phi-3, one by
# LoRA and one by QLoRA, and both answer questions.
#
# As it stands this runs in about a minute on two processor cores, with a *tiny Phi-3 of random
# weights*: the real architecture and the real tokenizer, but a model that knows nothing. It can
# only repeat what it learned by heart. For real answers change one word:
# `MODEL = "hf:microsoft/Phi-3-mini-4k-instruct"`. That downloads 7.6 GB and wants a GPU.

# %%
import json
import shutil
import sys
from pathlib import Path

import pakar
from pakar import Expert

MODEL = "tiny"
FOLDER = Path("phi3-expert").absolute()
CHECKOUT = Path(pakar.__file__).parents[2]

# %% [markdown]
# ## The model and its settings
#
# A tiny model needs large steps and many rounds; a real one does well with pakar's defaults. The
# tiny one knows nothing that it could forget, so it is not checked for that.

# %%
spec, settings = MODEL, ""
if MODEL == "tiny":
    sys.path.append(str(CHECKOUT / "tests" / "backends"))
    from tiny_phi3 import write_tiny_phi3

    write_tiny_phi3(FOLDER / "tiny-phi-3")
    spec = f"path:{FOLDER / 'tiny-phi-3'}"
    settings = """
[retrieval]
passages = 1

[answering]
max_tokens = 40

[examples]
forms = ["plain"]
wordings = 2

[training]
learning_rate = 1e-2
epochs = 400.0
batch = 12
forgetting_limit = 1000.0
"""

Expert.create(FOLDER, language_model=spec)
models = f"[models]\nlanguage_model = {json.dumps(spec)}\n"
(FOLDER / "pakar.toml").write_text(models + settings, encoding="utf-8")
expert = Expert.open(FOLDER)

# %% [markdown]
# ## Documents
#
# `add` reads them, splits them into passages and indexes those.

# %%
(FOLDER / "documents").mkdir()
for name in ("Car Loan.md", "House Loan.md", "Gold Loan.html", "Bike Loan.html"):
    source = CHECKOUT / "examples" / "zx_bank" / "documents" / f"ZX Bank {name}"
    shutil.copy(source, FOLDER / "documents")
report = expert.add(FOLDER / "documents")
print(len(report.added), "documents,", expert.status().passages, "passages")

# %% [markdown]
# ## Examples
#
# One pair a line, with the document that it came from. Six are enough to show the way; a real
# training wants some hundreds. `expert.build_examples()` finds many in the documents themselves.

# %%
PAIRS = [
    ("How much can I borrow for a car?", "Up to 80 lakhs.", "ZX Bank Car Loan.md"),
    ("How long may a car loan run?", "12 to 84 months.", "ZX Bank Car Loan.md"),
    ("How fast is a car loan paid out?", "Within 48 hours.", "ZX Bank Car Loan.md"),
    ("Which rate does a car loan have?", "From 8.25% a year.", "ZX Bank Car Loan.md"),
    ("Which income must I show?", "20,000 rupees a month.", "ZX Bank Car Loan.md"),
    ("Does a bike loan cost extra to prepay?", "Not after 12 EMIs.", "ZX Bank Bike Loan.html"),
]
lines = []
for question, answer, document in PAIRS:
    turns = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": answer},
    ]
    lines.append(json.dumps({"messages": turns, "documents": [f"documents/{document}"]}))
(FOLDER / "examples" / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
print(len(expert.examples()), "pairs")

# %% [markdown]
# ## What it will take
#
# Memory, before anything is spent. `expert.plan` loads no weights.

# %%
for method in ("lora", "qlora"):
    plan = expert.plan(method)
    print(f"{method}: {plan.parameters:,} parameters, of which {plan.trained:,} learn.")
    print(f"  About {plan.needed / 1e9:.1f} GB; fits this machine: {plan.fits}")

# %% [markdown]
# ## Training
#
# LoRA leaves the model's weights as they are and trains a small file beside them. QLoRA does the
# same over weights in 4 bits, which saves memory on large models. The tiny model learns the pairs
# alone; by pakar's defaults each is also learned with the passages that are found for it.

# %%
for method in ("lora", "qlora"):
    adapter = expert.train(method)
    print(f"{method}: learned from {adapter.examples} examples")

# %% [markdown]
# ## Answers
#
# `base` is the model as it was, `lora` and `qlora` the model with an adapter, `rag+lora` with an
# adapter and the passages.

# %%
for question, answer, _ in PAIRS[:3]:
    print(f"{question}  (learned: {answer})")
    for route in ("lora", "qlora"):
        print(f"  {route:8} {expert.ask(question, route=route).text}")

# %% [markdown]
# The tiny model before training, asked something that it has not learned, and with passages, which
# it cannot read: all three are worthless, and more a tiny model of random weights cannot do.

# %%
print("base:", ascii(expert.ask(PAIRS[0][0], route="base").text[:60]))
print("lora:", ascii(expert.ask("Who founded the bank?", route="lora").text[:60]))
print("rag+lora:", ascii(expert.ask(PAIRS[0][0], route="rag+lora").text[:60]))

# %% [markdown]
# ## What there is now
#
# Adapters are folders with peft's two files and a record. With questions of your own,
# `expert.compare("questions.csv")` measures which route is right, and
# `expert.merge_adapter(ID, DIR)` writes model and adapter as one model.

# %%
for adapter in expert.adapters():
    size = sum(path.stat().st_size for path in Path(adapter.folder).iterdir())
    print(f"{adapter.method}: {size / 1e6:.1f} MB, fresh: {not adapter.stale}")
