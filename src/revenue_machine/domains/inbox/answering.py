"""Deals with what people tap and write: decisions through the one door, commands, and messages that are out of date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from revenue_machine.domains.inbox import reads, rules, store
from revenue_machine.domains.inbox.commands import RESERVED, Commands
from revenue_machine.domains.inbox.models import AnswerResult, Meaning, Shown, Word
from revenue_machine.domains.inbox.telling import Teller
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.events import Events
from revenue_machine.engine.questions import Verdict
from revenue_machine.integrations.telegram.telegram_client import Button, TelegramClient, approver_ids
from revenue_machine.kit.errors import BadInput, Failure, NotFound
from revenue_machine.kit.ids import content_hash

EDIT_LATER_AFTER = timedelta(minutes=5)
_SUBJECT = "telegram"


@dataclass(frozen=True)
class Answers:
    """Takes taps and texts one by one, in the order they came."""

    teller: Teller
    commands: Commands
    events: Events

    def answer(self, outside: Outside) -> AnswerResult:
        """Deal with everything that waits; without Telegram it waits on."""
        client = self.teller.clients.maybe(TelegramClient)
        if client is None:
            self._put_off()
            return AnswerResult(words=0, edits=0)
        with self.teller.voice.database.reading() as connection:
            words = reads.open_words(connection, self._now())
        for word in words:
            self._take(outside, client, word)
        self.events.drain()
        return AnswerResult(words=len(words), edits=self._refresh(outside, client))

    def _take(self, outside: Outside, client: TelegramClient, word: Word) -> None:
        try:
            said = self._tap(outside, client, word) if word.kind == "tap" else self._text(word)
            outcome = "ok"
        except Failure as refusal:
            said, outcome = refusal.message, refusal.code
        try:
            if word.kind == "tap":
                self.teller.voice.notice(outside, client, word, said or "")
            elif said:
                self.teller.voice.reply(outside, client, word, said)
        except Failure as failure:  # what was decided stands; that the person did not hear it is on the record
            outcome = f"{outcome}, unanswered ({failure.code})"
        with self.teller.voice.database.writing() as connection:
            store.end_word(connection, word.id, outcome, self._now())

    def _tap(self, outside: Outside, client: TelegramClient, word: Word) -> str:
        nonce_hash = content_hash(word.data or "")
        with self.teller.voice.database.reading() as connection:
            meaning = reads.meaning(connection, nonce_hash)
        refusal = self._stranger(word) or rules.button_fits(word, meaning)
        if refusal is not None or meaning is None:
            raise self._noted(word, meaning, refusal)
        self._learn_number(meaning.message, word)
        said = self._do(outside, client, word, meaning)
        with self.teller.voice.database.writing() as connection:
            store.use_button(connection, nonce_hash, self._now())
        return said

    def _do(self, outside: Outside, client: TelegramClient, word: Word, meaning: Meaning) -> str:
        cards = self.teller.cards
        if meaning.action == "approve_all":
            verdicts = [Verdict(one, payload_hash, "approve") for one, payload_hash in meaning.subjects]
            refused = sum("error" in one for one in cards.approvals.decide_all(verdicts, actor=word.actor))
            return f"Approved {len(verdicts) - refused}." + (f" {refused} could not be." if refused else "")
        ((subject, shown_hash),) = meaning.subjects
        if meaning.action in {"sent", "not_sent"}:
            is_done = meaning.action == "sent"
            cards.handwork.close(subject, is_done=is_done, text_hash=shown_hash, actor=word.actor)
            return "Noted: sent." if is_done else "Noted: not sent."
        decision = "reject" if meaning.action == "reject" else "approve"
        confirm = word.data if meaning.action == "confirm" else None
        reason = "rejected in Telegram" if decision == "reject" else None
        answer = cards.approvals.decide(subject, decision, shown_hash, actor=word.actor, reason=reason, confirm=confirm)
        if "confirm" in answer:
            return self._ask_again(outside, client, meaning, answer["confirm"], needs_other=answer["needs_other_person"])
        return f"{answer['status'].capitalize()}."

    def _ask_again(self, outside: Outside, client: TelegramClient, meaning: Meaning, code: str, *, needs_other: bool) -> str:
        """Money: the message asks once more, with a button that carries the code of the second step."""
        voice, message = self.teller.voice, meaning.message
        pair = list(meaning.subjects)
        price = rules.money_line(self.teller.cards.of(message)) or "this is money"
        who = "Somebody else who may approve presses" if needs_other else "Press"
        words = f"{self.teller.text_of(message)}\n\nSure? It {price}. {who} again, at least 5 seconds from now."
        with voice.database.writing() as connection:
            buttons = [(code, "confirm", pair)]
            no = voice.nonce(message, f"reject/{code}")
            store.put_buttons(connection, voice.database, message.id, [*buttons, (no, "reject", pair)], self._now())
        voice.rewrite(outside, client, message, words, [[Button("Yes, spend it", code), Button("Reject", no)]])
        return f"{who} once more, 5 seconds from now."

    def _text(self, word: Word) -> str | None:
        """A command, or an answer to a message of ours; anything else is none of our business."""
        text = str(word.text)
        command = rules.command_in(text)
        if word.is_bot or str(word.chat_id) != self._chat():
            if command is not None:
                self._noted(word, None, BadInput(f"/{command[0]} from another chat or a bot"))
            return None  # whoever finds the bot may write to it; the owner need not hear of it
        with self.teller.voice.database.reading() as connection:
            message = reads.by_telegram_id(connection, word.telegram_message_id)
        if command is not None:
            refusal = self._stranger(word) if command[0] in RESERVED else None
            if refusal is not None:
                raise self._noted(word, None, refusal)
            return self.commands.run(word, *command, message)
        return None if message is None or message.kind == "digest" else self._about(word, message, text)

    def _about(self, word: Word, message: Shown, text: str) -> str:
        """`reject because …`, or the words that are to replace those shown."""
        refusal = self._stranger(word)
        if refusal is not None:
            raise self._noted(word, Meaning(message, "reply", ((str(message.subject_id), ""),)), refusal)
        cards, card = self.teller.cards, self.teller.cards.of(message)
        if message.kind == "task":
            return "Press Sent or Not sent; a task's words were approved as they are."
        reason = rules.rejection_in(text)
        if reason is not None:
            cards.approvals.decide(card["id"], "reject", card["payload_hash"], actor=word.actor, reason=reason)
            return f"Rejected: {reason}"
        cards.approvals.edit(card["id"], card["payload_hash"], text, actor=word.actor)
        return "Your words are a question of their own; it comes at once."

    def _refresh(self, outside: Outside, client: TelegramClient) -> int:
        """Let every message say how its question stands."""
        with self.teller.voice.database.reading() as connection:
            rows = reads.to_refresh(connection, self._now())
        for row in rows:
            self._rewrite(outside, client, row)
        return len(rows)

    def _rewrite(self, outside: Outside, client: TelegramClient, row: Shown) -> None:
        voice, teller = self.teller.voice, self.teller
        is_over = self._is_over(row)
        text = teller.text_of(row)
        if row.kind != "digest" and is_over:
            text = f"{text}\n\n{rules.outcome_words(teller.cards.of(row))}"
        try:
            keyboard = [] if is_over or row.kind != "digest" else voice.keyboard(row, teller.buttons_of(row))
            voice.rewrite(outside, client, row, text, keyboard)
        except Failure as failure:
            if failure.is_for_now or failure.retryable:
                self._later(row)
                return
        with voice.database.writing() as connection:
            values = {"status": "closed", "closed_at": self._now()} if is_over else {}
            store.change(connection, [row.id], refresh_at=None, version=row.version + 1, **values)
            if is_over and row.kind == "digest":
                store.wait_again(connection, row.id, self._now())

    def _is_over(self, row: Shown) -> bool:
        if row.kind != "digest":
            return True
        listed = self.teller.listed(row)
        with self.teller.voice.database.reading() as connection:
            counted = reads.counted_in(connection, row.id)
        return not any(one.is_open for one in listed) and bool(listed or not counted)

    def _stranger(self, word: Word) -> Failure | None:
        return rules.may_decide(word, self._approvers(), self._chat())

    def _noted(self, word: Word, meaning: Meaning | None, refusal: Failure | None) -> Failure:
        """A refused attempt is on the record with who made it."""
        why = refusal or NotFound("this button is not known (any more)")
        subject = meaning.subjects[0][0] if meaning is not None and meaning.subjects else _SUBJECT
        self.teller.cards.approvals.refuse(subject, word.actor, why)
        return why

    def _learn_number(self, message: Shown, word: Word) -> None:
        if message.telegram_message_id is None:
            with self.teller.voice.database.writing() as connection:
                store.change(connection, [message.id], telegram_message_id=word.telegram_message_id, status="sent")

    def _later(self, row: Shown) -> None:
        with self.teller.voice.database.writing() as connection:
            store.change(connection, [row.id], refresh_at=self._now() + EDIT_LATER_AFTER)

    def _put_off(self) -> None:
        with self.teller.voice.database.writing() as connection:
            store.put_off(connection, self._now() + EDIT_LATER_AFTER)

    def _approvers(self) -> frozenset[int]:
        return approver_ids(self.teller.voice.settings.service("telegram"))

    def _chat(self) -> str:
        return (self.teller.voice.settings.service("telegram").option("chat_id") or "").strip()

    def _now(self) -> datetime:
        return self.teller.voice.clock.now()
