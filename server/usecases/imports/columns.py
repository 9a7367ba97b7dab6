"""The columns of every CSV kind, as data: what an import accepts, and what the README's table is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """How the text of a cell is read.

    number: text of the field, kept as given with leading zeros. begin, end: a time, or a date alone, which then
    means the whole day: a begin is its first instant, an end its last. moment: a time, or the first instant of a date.
    """

    NUMBER = "number"
    TEXT = "text"
    BEGIN = "begin"
    END = "end"
    MOMENT = "moment"
    DECIMAL = "decimal"
    COUNT = "count"
    CHOICE = "choice"
    FLAG = "flag"
    ZONE = "zone"
    LIST = "list"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its header in English and Chinese, how it is read, what stands for an empty cell."""

    name: str
    chinese: str
    type: ColumnType
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None


T = ColumnType


def _text(name: str, chinese: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, chinese, T.TEXT, meaning, required)


def _number(name: str, chinese: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, chinese, T.NUMBER, meaning, required)


_VALID_FROM = Column("valid_from", "生效时间", T.BEGIN, "since when the row holds; empty: always")
_VALID_UNTIL = Column("valid_until", "失效时间", T.END, "until when; empty: open")
_UNIT = _number("unit_number", "单位编号", "its unit", required=True)
_DEVICE = _number("device_number", "设备编号", "the device", required=True)
_LONGITUDE = Column("longitude", "经度", T.DECIMAL, "degrees, WGS 84", lowest=-180, highest=180)
_LATITUDE = Column("latitude", "纬度", T.DECIMAL, "degrees, WGS 84", lowest=-90, highest=90)


def _required(column: Column) -> Column:
    return Column(
        column.name,
        column.chinese,
        column.type,
        column.meaning,
        True,
        column.choices,
        column.lowest,
        column.highest,
    )


COLUMNS: dict[str, tuple[Column, ...]] = {
    "units": (
        _number("number", "编号", "number of the unit", required=True),
        _text("name", "名称", "its name", required=True),
        _number("parent_number", "上级单位编号", "the unit above it"),
        _VALID_FROM,
        _VALID_UNTIL,
    ),
    "officers": (
        _number("number", "警号", "number of the officer", required=True),
        _text("name", "姓名", "name", required=True),
        _UNIT,
        Column("kind", "类别", T.CHOICE, "officer (also when empty) or auxiliary", choices=("officer", "auxiliary")),
        _VALID_FROM,
        _VALID_UNTIL,
    ),
    "devices": (
        _number("number", "编号", "number of the device, as file names and sidecars give it", required=True),
        Column("kind", "类别", T.CHOICE, "recorder or monitor", True, ("recorder", "monitor")),
        _UNIT,
        _text("model", "型号", "model"),
        _number("serial", "出厂编号", "serial number"),
        Column("time_zone", "时区", T.ZONE, "IANA zone of its local times; empty: the rule set's"),
        Column("functions", "功能", T.LIST, "functions that need a certificate, such as speed+clock"),
        Column(
            "schedule",
            "运行时间",
            T.SCHEDULE,
            "monitors: continuous, on_event, or hours such as mon-fri 07:00-19:00; empty: on_event",
        ),
        _VALID_FROM,
        _VALID_UNTIL,
    ),
    "assignments": (
        _number("number", "编号", "number of the assignment", required=True),
        _DEVICE,
        _number("officer_number", "警号", "who holds the device", required=True),
        _required(_VALID_FROM),
        _VALID_UNTIL,
    ),
    "duties": (
        _number("number", "编号", "number of the duty", required=True),
        _number("officer_number", "警号", "whose duty", required=True),
        _UNIT,
        Column("kind", "类别", T.CHOICE, "a kind of the rule set (duty.kinds)", True),
        Column("start", "开始时间", T.BEGIN, "begin of the duty", True),
        Column("end", "结束时间", T.END, "end of the duty", True),
        _text("note", "备注", "note"),
    ),
    "dockings": (
        _number("number", "编号", "number of the docking", required=True),
        _DEVICE,
        Column("docked", "接入时间", T.BEGIN, "since when the device was at the station", True),
        Column("until", "断开时间", T.END, "until when; its footage is known up to here", True),
        Column("complete", "文件清单完整", T.FLAG, "yes (also when empty): all its files were reported; no"),
        Column("offset_s", "时钟偏差秒", T.DECIMAL, "device clock minus true time, in seconds", False, (), -1e9, 1e9),
        Column("uncertainty_s", "偏差不确定度秒", T.DECIMAL, "of the offset, in seconds", False, (), 0, 1e6),
        Column("battery_percent", "电量百分比", T.DECIMAL, "0 to 100", lowest=0, highest=100),
        Column("free_bytes", "剩余空间字节", T.COUNT, "free storage"),
        Column("total_bytes", "总空间字节", T.COUNT, "whole storage"),
    ),
    "certificates": (
        _number("number", "证书编号", "number of the certificate", required=True),
        _DEVICE,
        Column("function", "功能", T.CHOICE, "speed, red_light, alcohol, distance, clock or optics", True),
        _text("body", "检定机构", "issuing body"),
        Column("performed", "检定日期", T.MOMENT, "when the verification was performed"),
        Column("issued", "签发日期", T.MOMENT, "when it was issued"),
        Column("valid_from", "生效时间", T.BEGIN, "since when; empty: when performed, else issued"),
        Column("valid_until", "有效期至", T.END, "until when; empty: the rule's interval after valid_from"),
        Column("result", "结论", T.CHOICE, "pass (also when empty) or fail", choices=("pass", "fail")),
        _number("supersedes", "替代证书编号", "the certificate it replaces"),
        Column("withdrawn", "撤销时间", T.MOMENT, "when its issuer withdrew it"),
    ),
    "cases": (
        _number("number", "案件编号", "number of the case", required=True),
        _text("kind", "类别", "kind of case", required=True),
        _UNIT,
        _number("officer_number", "警号", "the officer"),
        Column("occurred", "发生时间", T.MOMENT, "the moment of the case", True),
        Column("arrived", "到达时间", T.MOMENT, "when the officer arrived"),
        Column("cleared", "结束时间", T.MOMENT, "when it was over"),
        _text("place", "地点", "place in words"),
        _LONGITUDE,
        _LATITUDE,
        _number("site_number", "点位编号", "the site, where a monitor saw it"),
        _number("plate", "号牌", "number plate"),
        _text("exempt_reason", "免录原因", "why it needs no footage"),
    ),
    "sites": (
        _number("number", "点位编号", "number of the site", required=True),
        _text("kind", "类别", "kind of monitor, in words of the notice", required=True),
        _text("road", "道路", "road", required=True),
        _text("direction", "方向", "direction"),
        _text("lanes", "车道", "lanes"),
        _text("stake", "桩号或路口", "stake or junction"),
        _text("district", "区域", "district"),
        _required(_LONGITUDE),
        _required(_LATITUDE),
        _text("violations", "抓拍违法行为", "what is enforced"),
        _UNIT,
        Column(
            "stage",
            "状态",
            T.CHOICE,
            "proposed, reviewed, announced, active, suspended or retired",
            True,
            ("proposed", "reviewed", "announced", "active", "suspended", "retired"),
        ),
        Column("notice", "公示日期", T.MOMENT, "when it was announced to the public"),
        Column("enforcement", "启用日期", T.MOMENT, "since when violations are enforced"),
        _text("basis", "法律依据", "legal basis"),
        _number("publication_number", "公示编号", "number of the publication"),
        _VALID_FROM,
        _VALID_UNTIL,
    ),
    "installations": (
        _number("number", "编号", "number of the installation", required=True),
        _number("site_number", "点位编号", "the site", required=True),
        _DEVICE,
        _required(_VALID_FROM),
        _VALID_UNTIL,
    ),
}

CERTIFICATE_FUNCTIONS = ("speed", "red_light", "alcohol", "distance", "clock", "optics")
