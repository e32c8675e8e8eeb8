"""A function gets what it asks for by type, from one recipe per type, and a clear word when nothing makes it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from revenue_machine.engine.container import Container


@dataclass
class Engine:
    power: int = 1


@dataclass
class Car:
    engine: Engine
    wheels: int = 4


class Falsy:
    def __bool__(self) -> bool:
        return False


def build_car(engine: Engine) -> Car:
    return Car(engine)


def build_another(engine: Engine) -> Car:
    return Car(engine, 3)


def drive(car: Car, speed: int) -> int:
    return car.engine.power * speed


def stocked() -> Container:
    box = Container()
    box.put(Engine(7))
    box.learn(build_car)
    return box


def test_a_function_is_filled_by_type() -> None:
    assert stocked().fill(drive, speed=3) == 21


def test_a_recipe_makes_anew_and_a_thing_stays() -> None:
    box = stocked()
    assert box.get(Car) is not box.get(Car)
    assert box.get(Engine) is box.get(Engine)
    made = box.make(Car, wheels=2)
    assert made == Car(Engine(7), 2)
    assert box.get(Car) is made


def test_a_child_adds_for_one_call_only() -> None:
    box = stocked()
    assert box.child(Engine(9)).get(Car).engine.power == 9
    assert box.get(Car).engine.power == 7


def test_two_recipes_for_a_type_are_a_mistake() -> None:
    box = stocked()
    with pytest.raises(ValueError, match="two recipes make Car"):
        box.learn(build_another)


def test_what_nothing_makes_is_named() -> None:
    with pytest.raises(LookupError, match="nothing here makes Falsy; known: Car, Engine"):
        stocked().get(Falsy)


def test_a_thing_counts_also_when_it_is_falsy() -> None:
    box, thing = stocked(), Falsy()
    box.put(thing)
    assert box.get(Falsy) is thing
