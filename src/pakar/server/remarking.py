"""What users say of answers: kept at once, then made into candidates for the training data.

The second takes the writer's lock of the expert and may wait for it, so it happens behind the
request, one at a time. What could not be taken up is tried again with the next remark. Puts the
store, the conversations and the expert together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from pakar.errors import PakarError
from pakar.expert import Expert
from pakar.flows.recent_answers import Given
from pakar.server.operations.logs import log
from pakar.server.storage.conversations import Conversations
from pakar.server.storage.feedback import Feedback, FeedbackStore, Remark
from pakar.types import Answer, Citation, Hit

_NOTHING_TO_LEARN = "-"
_PASSAGES = 6


class Remarks:
    """The feedback of one server."""

    def __init__(self, expert: Expert, store: FeedbackStore, conversations: Conversations) -> None:
        self._expert = expert
        self._store = store
        self._conversations = conversations
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="feedback")

    def add(
        self,
        user: int,
        turn: str,
        asked: tuple[str, str],
        remark: Remark,
        documents: Sequence[str],
    ) -> str:
        """Keeps a remark on a turn's question and answer; on the disk when it returns."""
        key = self._store.add(user, turn, asked, remark, documents)
        self._behind.submit(self._take_up)
        return key

    def close(self) -> None:
        """Finishes what is taken up now; the rest is tried again another time."""
        self._behind.shutdown(wait=True, cancel_futures=True)

    def _take_up(self) -> None:
        for one in self._store.waiting():
            try:
                self._store.taken(one.id, self._learned(one))
            except PakarError as error:
                log("feedback waits", error=type(error).__name__)
                # What is wrong with this remark is no reason to leave the others.

    def _learned(self, one: Feedback) -> str:
        """The ids of the examples that a remark became."""
        remark = one.remark
        good = {"up": True, "down": False}.get(remark.verdict)
        if good is None and not remark.correction.strip() and not remark.sources:
            return _NOTHING_TO_LEARN
        report = self._expert.feedback(
            self._given(one),
            good=None if remark.correction.strip() else good,
            correction=remark.correction,
            sources=tuple(dict.fromkeys(source.document for source in remark.sources)),
        )
        ids = [example.id for example in (*report.added, *report.rejected)]
        return ",".join(ids) or _NOTHING_TO_LEARN

    def _found(self, one: Feedback) -> list[Hit]:
        """The passages that a better answer may rest on: of the same documents, and of no other
        one, which its writer might not be allowed to read."""
        known = set(self._expert.status().documents)
        rests_on = [name for name in one.documents if name in known]
        return self._expert.search(one.question, _PASSAGES, documents=rests_on) if rests_on else []

    def _given(self, one: Feedback) -> Given:
        details: Mapping[str, object] = {}
        with suppress(PakarError):  # its conversation may have been deleted since
            details = self._conversations.turn(one.user, one.turn).details
        found = details.get("citations")
        citations = tuple(Citation(**each) for each in found) if isinstance(found, list) else ()
        answer = Answer(
            one.answer,
            str(details.get("route", "")),
            citations,
            abstained=bool(details.get("abstained")),
            hits=tuple(self._found(one)),
        )
        return Given(one.id, one.created, one.question, answer)
