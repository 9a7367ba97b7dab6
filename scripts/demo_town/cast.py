"""Who and what there is in a town: officers, recorders, monitors and their sites, all from the dice."""

from __future__ import annotations

import random

from demo_town.plan import CLOCK_ERROR_S, Device, Officer, Site
from edge.contract.instants import MICROS_PER_SECOND

UNITS = {"440300-01": "第一中队", "440300-02": "第二中队"}
_FAMILY, _GIVEN = "王李张刘陈杨赵黄周吴徐孙", "伟芳娜敏静磊洋艳勇军杰涛明超霞"
_ROADS = ("滨河大道", "深南大道", "北环大道", "香蜜湖路", "红荔路", "侨香路")


def officers(dice: random.Random) -> list[Officer]:
    """Five members of the two units, one of them an auxiliary."""
    numbers = dice.sample(range(10_000, 99_999), 5)
    units = list(UNITS)
    return [
        Officer(
            number=f"{number:06d}",
            name=dice.choice(_FAMILY) + "".join(dice.sample(_GIVEN, dice.choice((1, 2)))),
            unit=units[0] if index in (0, 1, 3) else units[1],
            kind="auxiliary" if index == 1 else "officer",
        )
        for index, number in enumerate(numbers)
    ]


def recorders(dice: random.Random) -> list[Device]:
    """Four recorders; the clock of the third is wrong, ahead or behind."""
    numbers = dice.sample(range(100, 9_999), 4)
    units = [list(UNITS)[index] for index in (0, 0, 1, 1)]
    ahead = dice.choice((-1, 1)) * CLOCK_ERROR_S * MICROS_PER_SECOND
    return [
        Device(f"DSJ-{number:05d}", "recorder", unit, "DSJ-V9", offset_us=ahead if index == 2 else 0)
        for index, (number, unit) in enumerate(zip(numbers, units, strict=True))
    ]


def monitors(dice: random.Random) -> list[Device]:
    """Two monitors with the functions that need a certificate; schedules come later."""
    numbers = dice.sample(range(10, 999), 2)
    functions = dice.sample([("speed", "clock"), ("red_light", "clock")], 2)
    return [
        Device(f"KK-{number:04d}", "monitor", unit, "HV-500", functions=needs, suffix=suffix)
        for number, unit, needs, suffix in zip(numbers, UNITS, functions, ("mkv", "mp4"), strict=True)
    ]


def sites(dice: random.Random, *monitors: Device) -> tuple[Site, ...]:
    """A site for each monitor, one that is announced only, and one that the public must not see."""
    roads = dice.sample(_ROADS, 4)
    numbers = dice.sample(range(100, 999), 4)
    stages, devices = ("active", "active", "announced", "proposed"), (*monitors, None, None)
    return tuple(
        Site(
            number=f"SZ-{number}",
            kind="测速" if device is None or "speed" in device.functions else "闯红灯",
            road=road if stage != "proposed" else f"{road}(尚未公示)",
            direction=dice.choice(("由东向西", "由西向东", "由南向北", "由北向南")),
            longitude_deg=round(114.05 + dice.uniform(-0.05, 0.05), 6),
            latitude_deg=round(22.54 + dice.uniform(-0.03, 0.03), 6),
            violations="1352 超过规定时速" if device is None or "speed" in device.functions else "1625 违反交通信号灯",
            stage=stage,
            device=device,
        )
        for number, road, stage, device in zip(numbers, roads, stages, devices, strict=True)
    )
