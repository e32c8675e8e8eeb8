"""Exact money: whole micro-dollars inside, dollars with at most six decimals outside."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

MICRO = 1_000_000


def micro(usd: Decimal | str | int) -> int:
    """Dollars as micro-dollars, half to even; a float is refused because it is not exact."""
    if isinstance(usd, float):
        raise TypeError("money is never a float")
    return int((Decimal(usd) * MICRO).to_integral_value(ROUND_HALF_EVEN))


def micro_up(usd: Decimal) -> int:
    """Dollars as micro-dollars, rounded up: what a worst case holds."""
    return int((usd * MICRO).to_integral_value(ROUND_CEILING))


def dollars(micro_usd: int) -> Decimal:
    """Micro-dollars as an exact decimal of dollars."""
    return Decimal(micro_usd) / MICRO


def json_dollars(micro_usd: int | None) -> float | int | None:
    """Dollars as a JSON number with at most six decimals (shown, never computed with)."""
    if micro_usd is None:
        return None
    whole, rest = divmod(micro_usd, MICRO)
    return whole if rest == 0 else micro_usd / MICRO


def show(micro_usd: int | None) -> str:
    """`$1,234.56`; four decimals below a cent; `–` for unknown."""
    if micro_usd is None:
        return "–"
    sign = "-" if micro_usd < 0 else ""
    places = 4 if 0 < abs(micro_usd) < 10_000 else 2
    amount = (Decimal(abs(micro_usd)) / MICRO).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{sign}${amount:,}"
