"""Turns a text into a mail: MJML once per version, Jinja per recipient, styles inlined, a plain part beside it."""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import StrictUndefined, Template
from jinja2.exceptions import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from mjml import mjml2html

from revenue_machine.domains.email import rules
from revenue_machine.domains.email.models import Letter, Wording
from revenue_machine.domains.owner.models import Business, Product
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import show

_FOLDER = Path(__file__).parent
LINK_KEYS = ("product",)
_LETTERS = re.compile(r"[^\W\d_][^\W\d_'’-]{0,39}")
# The first pass puts in what the owner's file says of a product; its marks cannot be mistaken for the second pass's.
_OWNER_PASS = SandboxedEnvironment(
    undefined=StrictUndefined, variable_start_string="<<", variable_end_string=">>", block_start_string="<%", block_end_string="%>",
    autoescape=False, keep_trailing_newline=True,
)  # fmt: skip
_HTML_PASS = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
_TEXT_PASS = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@dataclass(frozen=True)
class Recipient:
    """What of a mail is the person's own: the greeting's name, the addresses behind the links, the unsubscribe address."""

    first_name: str | None
    links: Mapping[str, str]
    unsubscribe_url: str


@dataclass(frozen=True)
class Plate:
    """One version of a text, ready to print."""

    subject: str
    html: Template
    text: Template

    def print(self, recipient: Recipient) -> Letter:
        """One mail; the same recipient, the same bytes."""
        values = {f"link_{key}": url for key, url in recipient.links.items()}
        values |= {"greeting": greeting(recipient.first_name), "link_unsubscribe": recipient.unsubscribe_url}
        headers = {
            "List-Unsubscribe": f"<{recipient.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        return Letter(self.subject, self.html.render(values), self.text.render(values), headers)


def greeting(first_name: str | None) -> str:
    """`Hi Ada,`; without a name that is one, `Hello,`."""
    return f"Hi {first_name}," if first_name and _LETTERS.fullmatch(first_name) else "Hello,"


@cache
def source_of(name: str) -> str:
    """The text on file."""
    return (_FOLDER / "texts" / f"{name}.md").read_text(encoding="utf-8")


@cache
def _layout() -> str:
    return (_FOLDER / "layout.mjml").read_text(encoding="utf-8")


def has_source(name: str) -> bool:
    """Whether a text is on file; the others are written when they are needed."""
    return (_FOLDER / "texts" / f"{name}.md").is_file()


def source_text(name: str, product: Product) -> tuple[str, str] | None:
    """(subject, body) of a text for a product, in the owner's words; None when the owner's file lacks what it is about."""
    offer = product.offers[0]
    if "discount_code" in source_of(name) and offer.discount_code is None:
        return None
    values: dict[str, Any] = {
        "product": product, "offer": offer, "price": show(offer.price_micro_usd),
        "facts": [fact.rstrip(".") for fact in (*product.facts, *product.facts[:1])],
    }  # fmt: skip
    whole = _OWNER_PASS.from_string(source_of(name)).render(values)
    head, _, body = whole.partition("\n")
    return head.removeprefix("subject:").strip(), body.strip()


def layout_hash(business: Business) -> str:
    """Changes with the frame around every text: its layout, the sender's name and address."""
    return content_hash([_layout(), business.name, business.postal_address or ""])[:16]


def version_of(parts: Mapping[str, str]) -> str:
    """The version of a text: a hash of every byte a person agrees to."""
    return content_hash(dict(parts))[:16]


def approved_parts(wording: Mapping[str, Any]) -> dict[str, str]:
    """What a person is asked about: exactly this, and from it follows every byte that is sent."""
    names = ("name", "product", "issue", "subject", "body", "layout_hash", "because")
    return {name: str(wording[name]) for name in names}


def plate(wording: Wording, business: Business) -> Plate:
    """A version made ready; compiled once per process."""
    return _plate(wording.subject, wording.body, wording.because, business.name, business.postal_address or "")


@lru_cache(maxsize=512)
def _plate(subject: str, body: str, because: str, name: str, address: str) -> Plate:
    markup = _frame(subject, "\n".join(_block(one) for one in rules.blocks(body)), because, name, address)
    inlined = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False).inline(mjml2html(markup))
    try:
        return Plate(subject, _HTML_PASS.from_string(inlined), _TEXT_PASS.from_string(_plain(body, because, name, address)))
    except TemplateError as error:
        raise BadInput(f"the mail text cannot be read: {error}", field="body") from None


def _frame(subject: str, blocks: str, because: str, name: str, address: str) -> str:
    framed = _layout().replace("{{ subject }}", _plainly(subject)).replace("@@blocks@@", blocks)
    return (
        framed.replace("@@brand@@", _plainly(name))
        .replace("@@address@@", _plainly(address))
        .replace("@@because@@", _plainly(because))
    )


def _block(block: str) -> str:
    """A paragraph as MJML: a button when it is nothing but a link."""
    addresses = {key: "{{ link_" + key + " }}" for key in LINK_KEYS}
    if rules.is_button(block):
        words, key = rules.links_in(block)[0]
        return f'<mj-button href="{addresses[key]}">{_plainly(words)}</mj-button>'
    linked = rules.replace_links(_plainly(block), addresses, '<a href="{address}">{words}</a>')
    lines = linked.replace("\n", "<br />")
    return f"<mj-text>{lines}</mj-text>"


def _plainly(text: str) -> str:
    return html_text.escape(text, quote=True)


def _plain(body: str, because: str, name: str, address: str) -> str:
    addresses = {key: "{{ link_" + key + " }}" for key in LINK_KEYS}
    words = rules.replace_links(body, addresses, "{words}: {address}")
    foot = f"{name}\n{address}\nYou get this mail because {because}. Unsubscribe: {{{{ link_unsubscribe }}}}"
    return f"{words}\n\n--\n{foot}\n"
